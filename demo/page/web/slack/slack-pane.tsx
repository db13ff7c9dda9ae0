import './slack.css';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { PageInfo, Scenario } from '../../contract/page.ts';
import type { SlackChannel, SlackWorkspace } from '../../contract/slack.ts';
import type { ThreadView } from '../../contract/thread.ts';
import { api } from '../api.ts';
import type { ThreadPlace } from '../live/session.ts';
import { HOME_TAB, type Place } from '../live/use-place.ts';
import { DirectoryProvider, directoryOf } from '../text/directory.ts';
import { NamesPart } from '../tour/names-part.tsx';
import { partsOf } from '../tour/parts.ts';
import { TourCard } from '../tour/tour-card.tsx';
import { whereToRun } from '../tour/where-to-run.ts';
import { Composer } from './composer.tsx';
import { HomeTab } from './home-tab.tsx';
import { MessageList } from './message-list.tsx';
import { Modal } from './modal.tsx';
import { PlaceBar } from './place-bar.tsx';
import { Reach } from './reach.tsx';
import { conversationName, Sidebar } from './sidebar.tsx';
import { ThreadEnd } from './thread-end.tsx';
import { useActing } from './use-acting.ts';
import { messagesOf, viewsOf } from './views.ts';

export interface SlackPaneProps {
  readonly workspace: SlackWorkspace;
  readonly info: PageInfo | null;
  /** What the database knows about the watched thread. */
  readonly thread: ThreadView | null;
  readonly place: Place;
  readonly watched: ThreadPlace | null;
  readonly onPlace: (channel: string, threadTs: string | null) => void;
}

/** The simulated Slack: one channel, thread or Home tab at a time, as one of its people. */
export function SlackPane({ workspace, info, thread, place, watched, onPlace }: SlackPaneProps) {
  const { channel: wanted, threadTs: openThread, home } = place;
  const channel = workspace.channels.find((each) => each.id === wanted || each.name === wanted);
  const [actingId, setActing] = useActing(workspace, channel);
  const [error, setError] = useState<string | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const directory = useMemo(() => directoryOf(workspace), [workspace]);
  const acting = workspace.people.find((person) => person.id === actingId);

  // After opening a thread or a channel, reading continues there.
  const shown = `${channel?.id}/${home ? HOME_TAB : openThread}`;
  const before = useRef(shown);
  useEffect(() => {
    if (before.current !== shown) heading.current?.focus();
    before.current = shown;
  }, [shown]);

  if (!acting || !channel) return null;
  const name = conversationName(channel, workspace, acting.id);
  const messages = messagesOf(workspace, channel.id, openThread, acting.id);
  const views = viewsOf(workspace, acting.id);
  const part = info && isOfNames(info, channel) ? 'names' : 'first';
  const atHome = home && channel.kind === 'im';
  const say = async (where: { as: string; channel: string; threadTs?: string | undefined }, text: string) => {
    setError(null);
    const { ts } = await api.say({ ...where, text });
    onPlace(where.channel, where.threadTs ?? ts);
  };
  const fail = (problem: Error) => setError(problem.message);
  const openDirect = (person: string, tab: string | null) =>
    void api.openDirect(person).then((direct) => onPlace(direct.channel, tab), fail);

  async function runScenario(scenario: Scenario): Promise<void> {
    const found = whereToRun(scenario, workspace, info?.names ?? [], actingId);
    if (typeof found === 'string') return setError(found);
    const { as, channel: target, threadTs } = found;
    setActing(as);
    await (async () => {
      const direct = target ?? (await api.openDirect(as)).channel;
      await say({ as, channel: direct, threadTs }, scenario.text);
    })().catch(fail);
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
            onActing={(person) =>
              channel.kind === 'im' ? openDirect(person, home ? HOME_TAB : null) : setActing(person)
            }
            onDirect={() => openDirect(acting.id, null)}
          />
          <div className="slack__main">
            <PlaceBar {...{ channel, name, acting, openThread, heading, onPlace }} app={workspace.app} home={atHome} />
            {!openThread && channel.kind !== 'mpim' && (
              <Reach team={workspace.team.id} channel={channel} acting={acting} info={info} home={views.home} />
            )}
            {!openThread && channel.kind !== 'mpim' && info && (
              <TourCard
                key={part}
                parts={partsOf(info)}
                part={part}
                actingName={acting.realName}
                onRun={runScenario}
                besideHome={atHome}
                names={
                  <NamesPart
                    acting={acting}
                    stamp={`${thread?.egress.length} ${thread?.turns.at(-1)?.state}`}
                    onHome={() => openDirect(acting.id, HOME_TAB)}
                  />
                }
              />
            )}
            {atHome ? (
              <HomeTab acting={acting} view={views.home} onError={setError} />
            ) : (
              <MessageList
                key={shown}
                workspace={workspace}
                messages={messages}
                acting={acting.id}
                inThread={openThread !== null}
                watched={watched}
                label={openThread ? 'Messages of this thread' : `Messages in ${name}`}
                onOpenThread={(at) => onPlace(at.channel, at.threadTs)}
                onError={setError}
                end={
                  <ThreadEnd
                    {...{ workspace, info, thread, channel, messages, openThread }}
                    onRepeat={(text) =>
                      void say({ as: acting.id, channel: channel.id, threadTs: openThread ?? undefined }, text).catch(
                        fail,
                      )
                    }
                    onRun={runScenario}
                  />
                }
              />
            )}
            {error && (
              <p className="slack__error" role="alert">
                {error}{' '}
                <button type="button" className="button button--plain" onClick={() => setError(null)}>
                  Dismiss
                </button>
              </p>
            )}
            {!atHome && (
              <Composer
                key={`composer ${shown}`}
                acting={{ id: acting.id, name: acting.realName }}
                channel={channel.id}
                channelName={name}
                threadTs={openThread}
                direct={channel.kind === 'im'}
                onPosted={(at, text) => {
                  setError(null);
                  // The agent answers in a thread, so the conversation continues there.
                  if (openThread || channel.kind === 'im' || /@bellhop\b/i.test(text)) onPlace(at.channel, at.threadTs);
                }}
                onError={setError}
              />
            )}
          </div>
        </div>
        {views.modal && <Modal key={views.modal.id} view={views.modal} acting={acting} />}
      </section>
    </DirectoryProvider>
  );
}

/** The direct message, and a channel that only the second part of the tour has. */
function isOfNames({ scenarios, names }: PageInfo, { kind, name }: SlackChannel): boolean {
  const has = (list: readonly Scenario[]) => list.some(({ channel }) => channel === name);
  return kind === 'im' || (has(names) && !has(scenarios));
}
