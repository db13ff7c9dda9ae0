import './app.css';
import { useEffect, useRef, useState } from 'react';
import { EgressPane } from '../../../admin/web/egress/egress-pane.tsx';
import { api } from './api.ts';
import { HappenedPane } from './happened/happened-pane.tsx';
import { sessionOf, type ThreadPlace } from './live/session.ts';
import { useLive } from './live/use-live.ts';
import { usePlace } from './live/use-place.ts';
import { progressInWords, progressOf } from './setup/progress.ts';
import { SetupPanel } from './setup/setup-panel.tsx';
import { Bell } from './slack/avatar.tsx';
import { SlackPane } from './slack/slack-pane.tsx';

/** The page of the first five minutes. */
export function App() {
  const [place, goTo] = usePlace();
  const watched = useWatched(place);
  const [team, setTeam] = useState<string | null>(null);
  const session = watched && team && sessionOf(team, watched);
  const live = useLive(session);
  if (live.workspace && live.workspace.team.id !== team) setTeam(live.workspace.team.id);
  const { setup, info, workspace, thread, online } = live;
  const progress = progressOf(setup);
  // What was last known of a server that does not answer is not shown as being so now.
  const shown = online ? progress : 'failed';
  const [setupOpen, setSetupOpen] = useSetupOpen(progress === 'finished');

  return (
    <div className="page">
      <a className="skip" href="#slack">
        Skip to Slack
      </a>
      <header className="bar">
        <span className="bar__bell">
          <Bell />
        </span>
        <h1>Bellhop</h1>
        <p className="bar__what">The first five minutes. Slack, the model and the outside world are simulated.</p>
        {!online && (
          <p className="bar__offline" role="alert">
            The page’s server does not answer. Trying again …
          </p>
        )}
        <button
          type="button"
          className={`button bar__setup bar__setup--${shown}`}
          aria-expanded={setupOpen}
          aria-controls="setup-body"
          onClick={() => setSetupOpen(!setupOpen)}
        >
          <span className="bar__dot" aria-hidden="true" />
          {online ? progressInWords(setup) : 'Does not answer'}
          <span className="bar__caret" aria-hidden="true" />
        </button>
      </header>
      <div id="setup-body" hidden={!setupOpen}>
        {setupOpen && <SetupPanel setup={setup} />}
      </div>
      <main className="panes">
        {workspace ? (
          <SlackPane workspace={workspace} info={info} thread={thread} place={place} watched={watched} onPlace={goTo} />
        ) : (
          <section className="pane" aria-label="Slack simulator">
            <p className="pane__empty">
              {setup?.simulated.slack === false
                ? 'Bellhop works in your own Slack here. Tag it there; every thread is a workflow in Temporal UI.'
                : 'The Slack simulator is not up yet.'}
            </p>
          </section>
        )}
        <EgressPane items={thread?.egress ?? null} empty={emptyEgress(watched, thread === null)} askWhy={api.why} />
        <HappenedPane
          thread={thread}
          worker={setup?.processes.find(({ name }) => name === 'agent') ?? null}
          workflowUrl={
            thread?.state && session && info?.workflowUrl ? info.workflowUrl + encodeURIComponent(session) : null
          }
          empty={
            watched
              ? 'Nobody has asked Bellhop for anything in this thread yet.'
              : 'Tag @bellhop, or press one of the six buttons.'
          }
          nameOf={(id) => workspace?.people.find((person) => person.id === id)?.realName ?? id}
          askWhy={api.why}
          onKill={api.killWorker}
        />
      </main>
    </div>
  );
}

/** The thread that was opened last stays watched while its channel is read. */
function useWatched(place: { channel: string; threadTs: string | null }): ThreadPlace | null {
  const last = useRef<ThreadPlace | null>(null);
  const { channel, threadTs } = place;
  if (threadTs !== null && (last.current?.threadTs !== threadTs || last.current.channel !== channel)) {
    last.current = { channel, threadTs };
  }
  return last.current;
}

/** Open while there is something to wait for. After a person has opened or closed it, it stays so. */
function useSetupOpen(finished: boolean): readonly [boolean, (open: boolean) => void] {
  const [chosen, choose] = useState<boolean | null>(null);
  const [open, setOpen] = useState(!finished);
  useEffect(() => {
    setOpen(!finished);
  }, [finished]);
  return [chosen ?? open, choose];
}

function emptyEgress(watched: ThreadPlace | null, unknown: boolean): string {
  if (!watched)
    return 'Open a thread, or start one: what its sandbox sends to the outside appears here, request by request.';
  return unknown ? 'Asking the database …' : 'Nothing has left the sandbox of this thread.';
}
