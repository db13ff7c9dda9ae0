import './messages.css';
import { type ReactNode, useEffect, useMemo, useRef } from 'react';
import type { SlackMessage, SlackWorkspace } from '../../contract/slack.ts';
import type { ThreadPlace } from '../live/session.ts';
import { MessageItem } from './message-item.tsx';

export interface MessageListProps {
  readonly workspace: SlackWorkspace;
  readonly messages: readonly SlackMessage[];
  readonly acting: string;
  readonly inThread: boolean;
  readonly watched: ThreadPlace | null;
  readonly label: string;
  /** After the last message. */
  readonly end?: ReactNode;
  readonly onOpenThread: (place: ThreadPlace) => void;
  readonly onError: (message: string) => void;
}

/** A reader who is nearer to the end than this stays at the end. */
const NEAR_PX = 160;

/** The messages of a channel or a thread, oldest first; it stays at the end while new ones come in. */
export function MessageList(props: MessageListProps) {
  const { workspace, messages, acting, inThread, watched, label, end, onOpenThread, onError } = props;
  const people = useMemo(() => new Map(workspace.people.map((person) => [person.id, person])), [workspace.people]);
  const replies = useMemo(() => countReplies(workspace.messages), [workspace.messages]);
  const box = useRef<HTMLElement>(null);
  const atEnd = useRef(true);
  const height = useRef(0);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    // Pictures and live answers grow after they were drawn, so the size is watched.
    const observer = new ResizeObserver(() => {
      if (atEnd.current) element.scrollTop = element.scrollHeight;
    });
    for (const child of element.children) observer.observe(child);
    return () => observer.disconnect();
  }, []);

  return (
    <section
      className="pane__body messages"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={label}
      onScroll={({ currentTarget }) => {
        const { scrollHeight, scrollTop, clientHeight } = currentTarget;
        // The list grew under the reader: that is not leaving the end. Only a person's own scrolling is.
        const grew = scrollHeight > height.current;
        height.current = scrollHeight;
        if (grew && atEnd.current) currentTarget.scrollTop = scrollHeight;
        else atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
      }}
    >
      <div>
        <ol aria-live="polite" aria-relevant="additions">
          {messages.map((message) => (
            <MessageItem
              key={message.ts}
              message={message}
              author={people.get(message.user)}
              agent={message.user === workspace.app}
              acting={acting}
              replies={inThread ? null : (replies.get(`${message.channel}/${message.ts}`) ?? 0)}
              watched={!inThread && watched?.channel === message.channel && watched.threadTs === message.ts}
              onOpenThread={() => onOpenThread({ channel: message.channel, threadTs: message.threadTs ?? message.ts })}
              onError={onError}
            />
          ))}
        </ol>
        {end}
      </div>
    </section>
  );
}

function countReplies(messages: readonly SlackMessage[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { channel, ts, threadTs, deleted, visibleTo } of messages) {
    if (threadTs === null || threadTs === ts || deleted || visibleTo !== null) continue;
    const key = `${channel}/${threadTs}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
