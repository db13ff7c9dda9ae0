import './slack.css';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { PageInfo, Scenario } from '../../contract/page.ts';
import type { SlackChannel, SlackPerson, SlackWorkspace } from '../../contract/slack.ts';
import type { ThreadView } from '../../contract/thread.ts';
import { api } from '../api.ts';
import type { ThreadPlace } from '../live/session.ts';
import { DirectoryProvider, directoryOf } from '../text/directory.ts';
import { OpenItHint } from '../tour/open-it-hint.tsx';
import { TourCard } from '../tour/tour-card.tsx';
import { TryNext } from '../tour/try-next.tsx';
import { Composer } from './composer.tsx';
import { MessageList } from './message-list.tsx';
import { Reach } from './reach.tsx';
import { conversationName, Sidebar } from './sidebar.tsx';
import { messagesOf, repeatable, statusOf } from './views.ts';

export interface SlackPaneProps {
  readonly workspace: SlackWorkspace;
  readonly info: PageInfo | null;
  /** What the database knows about the watched thread. */
  readonly thread: ThreadView | null;
  readonly channel: string;
  /** Set while a thread is shown in place of its channel. */
  readonly openThread: string | null;
  readonly watched: ThreadPlace | null;
  readonly onPlace: (channel: string, threadTs: string | null) => void;
}

/** The simulated Slack: one channel or one thread at a time, as one of its people. */
export function SlackPane(props: SlackPaneProps) {
  const { workspace, info, thread, channel: wanted, openThread, watched, onPlace } = props;
  const [actingId, setActing] = useState(() => workspace.people.find((person) => person.kind === 'member')?.id ?? '');
  const [error, setError] = useState<string | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const directory = useMemo(() => directoryOf(workspace), [workspace]);
  const acting = workspace.people.find((person) => person.id === actingId);
  const channel = workspace.channels.find((each) => each.id === wanted || each.name === wanted);

  // After opening a thread or a channel, reading continues there.
  const shown = `${channel?.id}/${openThread}`;
  const before = useRef(shown);
  useEffect(() => {
    if (before.current !== shown) heading.current?.focus();
    before.current = shown;
  }, [shown]);

  if (!acting || !channel) return null;
  const name = conversationName(channel, workspace, acting.id);
  const messages = messagesOf(workspace, channel.id, openThread, acting.id);
  const scenario = openThread ? repeatable(info?.scenarios ?? [], messages, thread) : null;
  const answered =
    openThread !== null &&
    thread !== null &&
    thread.turns.at(-1)?.state !== 'running' &&
    messages.at(-1)?.user === workspace.app;
  const say = async (place: { channel: string; threadTs?: string | undefined }, text: string) => {
    setError(null);
    const { ts } = await api.say({ as: acting.id, ...place, text });
    onPlace(place.channel, place.threadTs ?? ts);
  };
  const fail = (problem: Error) => setError(problem.message);

  async function runScenario({ channel: home, text }: Scenario): Promise<void> {
    const target = workspace.channels.find((each) => each.name === home);
    if (!target) return setError(`There is no #${home} here.`);
    await say({ channel: target.id }, text).catch(fail);
  }

  return (
    <DirectoryProvider value={directory}>
      <section className="pane slack" aria-labelledby="slack-title" id="slack">
        <header className="pane__head">
          <h2 className="pane__title" id="slack-title">
            {workspace.team.name}
          </h2>
          <span className="tag tag--simulator">Slack simulator</span>
          <p className="slack__note">{workspace.connected ? 'Bellhop is connected' : 'Bellhop is not connected yet'}</p>
        </header>
        <div className="slack__columns">
          <Sidebar
            workspace={workspace}
            acting={acting}
            channel={channel.id}
            onChannel={(id) => onPlace(id, null)}
            onActing={setActing}
            onDirect={() => void api.openDirect(acting.id).then((direct) => onPlace(direct.channel, null), fail)}
          />
          <div className="slack__main">
            <div className="slack__place">
              {openThread && (
                <button type="button" className="button button--plain" onClick={() => onPlace(channel.id, null)}>
                  ← {name}
                </button>
              )}
              <h3 ref={heading} tabIndex={-1}>
                {openThread ? 'Thread' : name}
              </h3>
              {membership(channel, workspace.app, acting)}
              <span className="slack__topic">{openThread ? '' : channel.topic}</span>
            </div>
            {!openThread && channel.kind !== 'mpim' && (
              <Reach team={workspace.team.id} channel={channel} acting={acting.id} info={info} />
            )}
            {!openThread && (channel.kind === 'public' || channel.kind === 'private') && info && (
              <TourCard scenarios={info.scenarios} actingName={acting.realName} onRun={runScenario} />
            )}
            <MessageList
              key={shown}
              workspace={workspace}
              messages={messages}
              acting={acting.id}
              inThread={openThread !== null}
              watched={watched}
              label={openThread ? 'Messages of this thread' : `Messages in ${name}`}
              onOpenThread={(place) => onPlace(place.channel, place.threadTs)}
              onError={setError}
              end={
                <>
                  <Status text={openThread ? statusOf(workspace, channel.id, openThread) : null} />
                  {scenario && openThread && (
                    <OpenItHint
                      host={scenario.host}
                      accessFile={info?.accessFile ?? 'bellhop.yaml'}
                      onRepeat={() =>
                        void say({ channel: channel.id, threadTs: openThread }, scenario.text).catch(fail)
                      }
                    />
                  )}
                  {answered && info && <TryNext scenarios={info.scenarios} onRun={runScenario} />}
                  {messages.length === 0 && <p className="pane__empty">{emptyConversation(channel)}</p>}
                </>
              }
            />
            {error && (
              <p className="slack__error" role="alert">
                {error}{' '}
                <button type="button" className="button button--plain" onClick={() => setError(null)}>
                  Dismiss
                </button>
              </p>
            )}
            <Composer
              key={`composer ${shown}`}
              acting={{ id: acting.id, name: acting.realName }}
              channel={channel.id}
              channelName={name}
              threadTs={openThread}
              direct={channel.kind === 'im'}
              onPosted={(place, text) => {
                setError(null);
                // The agent answers in a thread, so the conversation continues there.
                if (openThread || channel.kind === 'im' || /@bellhop\b/i.test(text))
                  onPlace(place.channel, place.threadTs);
              }}
              onError={setError}
            />
          </div>
        </div>
      </section>
    </DirectoryProvider>
  );
}

/** Says before somebody writes that Slack will refuse it, or that Bellhop will not hear it. */
function membership({ kind, members }: SlackChannel, app: string, acting: SlackPerson) {
  if (kind === 'im') return null;
  const missing = [
    ...(members.includes(acting.id) ? [] : [acting.realName]),
    ...(members.includes(app) ? [] : ['Bellhop']),
  ];
  if (missing.length === 0) return null;
  return <span className="tag">{missing.join(' and ')}: not a member</span>;
}

function emptyConversation({ kind }: SlackChannel): string {
  if (kind === 'im') return 'Ask Bellhop anything here. A direct message has nothing of any channel’s access.';
  if (kind === 'mpim') return 'Nobody has written here yet. Bellhop works in channels and in direct messages.';
  return 'Nobody has written here yet.';
}

function Status({ text }: { readonly text: string | null }) {
  if (!text) return null;
  return (
    <p className="slack__status">
      <span className="spinner" aria-hidden="true" /> Bellhop {text}
    </p>
  );
}
