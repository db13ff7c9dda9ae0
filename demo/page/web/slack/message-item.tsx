import './message-content.css';
import { useState } from 'react';
import type { SlackMessage, SlackPerson } from '../../contract/slack.ts';
import { api } from '../api.ts';
import { Avatar } from './avatar.tsx';
import { Blocks } from './blocks.tsx';
import { EditBox } from './edit-box.tsx';
import { MessageFiles } from './message-files.tsx';
import { timeOf } from './message-time.ts';
import { ReactionPicker, Reactions } from './reactions.tsx';

export interface MessageItemProps {
  readonly message: SlackMessage;
  readonly author: SlackPerson | undefined;
  readonly agent: boolean;
  readonly acting: string;
  /** Answers in this message's thread; null inside a thread. */
  readonly replies: number | null;
  readonly watched: boolean;
  readonly onOpenThread: () => void;
  readonly onError: (message: string) => void;
}

/** One message as Slack shows it. */
export function MessageItem(props: MessageItemProps) {
  const { message, author, agent, acting, replies, watched, onOpenThread, onError } = props;
  const [editing, setEditing] = useState(false);
  const place = { as: acting, channel: message.channel, ts: message.ts };
  const attempt = (work: Promise<unknown>) => void work.catch((error: Error) => onError(error.message));

  if (message.deleted) return <li className="message message--quiet">This message was deleted.</li>;
  if (message.system) {
    return (
      <li className="message message--quiet">
        <Blocks blocks={[]} fallback={message.text} onPress={() => undefined} />
      </li>
    );
  }
  return (
    <li className={`message ${watched ? 'message--watched' : ''} ${message.visibleTo ? 'message--private' : ''}`}>
      <Avatar person={author} agent={agent} />
      <article className="message__main" aria-label={`${author?.realName ?? message.user}, ${timeOf(message.ts)}`}>
        <header className="message__head">
          <span className="message__author">{author?.realName ?? message.user}</span>
          <PersonTag person={author} />
          <time className="message__time">{timeOf(message.ts)}</time>
          {message.edited && <span className="message__time">(edited)</span>}
          {message.visibleTo && <span className="message__time">only visible to you</span>}
        </header>
        {editing ? (
          <EditBox
            text={message.text}
            onCancel={() => setEditing(false)}
            onSave={(text) => {
              setEditing(false);
              attempt(api.edit({ ...place, text }));
            }}
          />
        ) : (
          <Blocks
            blocks={message.blocks}
            fallback={message.text}
            onPress={(press) => attempt(api.click({ ...place, ...press }))}
          />
        )}
        <MessageFiles files={message.files} />
        <Reactions
          reactions={message.reactions}
          acting={acting}
          onToggle={(name, remove) => attempt(api.react({ ...place, name, remove }))}
        />
        {replies !== null && replies > 0 && (
          <button type="button" className="message__replies" onClick={onOpenThread}>
            {replies === 1 ? '1 reply' : `${replies} replies`}
          </button>
        )}
        {message.visibleTo === null && (
          <div className="message__tools">
            <ReactionPicker onPick={(name) => attempt(api.react({ ...place, name, remove: false }))} />
            {replies !== null && (
              <button type="button" className="button button--plain" onClick={onOpenThread}>
                Thread
              </button>
            )}
            {message.user === acting && (
              <>
                <button type="button" className="button button--plain" onClick={() => setEditing(true)}>
                  Edit
                </button>
                <button type="button" className="button button--plain" onClick={() => attempt(api.remove(place))}>
                  Delete
                </button>
              </>
            )}
          </div>
        )}
      </article>
    </li>
  );
}

function PersonTag({ person }: { readonly person: SlackPerson | undefined }) {
  if (!person || person.kind === 'member') return null;
  const words = { guest: 'guest', external: 'other organization', bot: 'app' } as const;
  return <span className="tag">{words[person.kind]}</span>;
}
