import './happened.css';
import { useState } from 'react';
import type { WhyAnswer } from '../../../../admin/web/egress/why-answer.ts';
import type { SupervisedProcess } from '../../../../contracts/setup-state.ts';
import type { HeldBackView, ThreadView } from '../../contract/thread.ts';
import { TurnCard } from './turn-card.tsx';

export interface HappenedPaneProps {
  readonly thread: ThreadView | null;
  /** The agent worker, as its supervisor sees it. */
  readonly worker: SupervisedProcess | null;
  /** Address of this thread's workflow in Temporal UI. */
  readonly workflowUrl: string | null;
  readonly empty: string;
  readonly nameOf: (person: string) => string;
  readonly askWhy: (event: string) => Promise<WhyAnswer>;
  readonly onKill: () => Promise<unknown>;
}

/** What the agent did in this thread, turn by turn, with times. */
export function HappenedPane(props: HappenedPaneProps) {
  const { thread, worker, workflowUrl, empty, nameOf, askWhy, onKill } = props;
  const [problem, setProblem] = useState<string | null>(null);

  async function kill(): Promise<void> {
    setProblem(null);
    await onKill().catch((error: Error) => setProblem(error.message));
  }

  return (
    <section className="pane happened" aria-labelledby="happened-title" id="happened">
      <header className="pane__head">
        <h2 className="pane__title" id="happened-title">
          What happened
        </h2>
        <div className="happened__tools">
          {workflowUrl && (
            <a className="button" href={workflowUrl} target="_blank" rel="noreferrer">
              Open in Temporal UI
            </a>
          )}
          <button
            type="button"
            className="button button--danger"
            disabled={worker?.state !== 'running'}
            onClick={() => void kill()}
          >
            Kill the worker
          </button>
        </div>
      </header>
      {worker && <WorkerLine worker={worker} />}
      {thread?.heldBack.map((held) => (
        <p key={`${held.at} ${held.actor}`} className="held-back" role="status">
          {heldBackInWords(held, nameOf)}
        </p>
      ))}
      {problem && (
        <p className="slack__error" role="alert">
          {problem}
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="pane__body" tabIndex={0} aria-label="Turns of this thread">
        {thread && thread.turns.length > 0 ? (
          <ol className="turns" reversed>
            {thread.turns.toReversed().map((turn) => (
              <TurnCard
                key={turn.number}
                turn={turn}
                session={thread.session}
                egress={thread.egress.filter(({ event }) => event.turn === turn.number)}
                actsAs={thread.actsAs}
                nameOf={nameOf}
                askWhy={askWhy}
              />
            ))}
          </ol>
        ) : (
          <p className="pane__empty">{empty}</p>
        )}
      </section>
    </section>
  );
}

function WorkerLine({ worker }: { readonly worker: SupervisedProcess }) {
  const words = [
    `Agent worker ${worker.state}`,
    worker.pid === null ? null : `pid ${worker.pid}`,
    worker.restarts === 0 ? null : `started again ${worker.restarts === 1 ? 'once' : `${worker.restarts} times`}`,
  ];
  return (
    <p className={`worker worker--${worker.state}`} role="status">
      <span className="worker__dot" aria-hidden="true" />
      {words.filter((word) => word !== null).join(' · ')}
    </p>
  );
}

/** What people do to a message, as a sentence continues after their name. */
const DOINGS: Readonly<Record<string, string>> = {
  message: 'wrote in this thread',
  file: 'attached a file in this thread',
  edit: 'changed a message of this thread',
  reaction: 'reacted in this thread',
  press: 'pressed a button of this thread',
};

function heldBackInWords({ actor, owner, kind, confirmed }: HeldBackView, nameOf: (person: string) => string): string {
  const did = `${nameOf(actor)} ${DOINGS[kind] ?? 'did something in this thread'}, which works in the name of ${nameOf(owner)}`;
  return confirmed ? `${did}, who has confirmed it.` : `${did}: it was held back, and nothing was done.`;
}
