import type { EgressItem } from '../../../../admin/web/egress/egress-item.ts';
import type { WhyAnswer } from '../../../../admin/web/egress/why-answer.ts';
import { Elapsed } from '../../../../admin/web/parts/elapsed.tsx';
import type { StepView, TurnState, TurnView } from '../../contract/thread.ts';
import { AccessPanel } from './access-panel.tsx';
import { HappenedRow } from './happened-row.tsx';
import { RequestLine } from './request-line.tsx';

const ENDINGS: Readonly<Record<TurnState, string>> = {
  running: 'working',
  answered: 'answered',
  stopped: 'stopped',
  limit: 'stopped at a limit',
  failed: 'failed',
};

export interface TurnCardProps {
  readonly turn: TurnView;
  readonly session: string;
  readonly egress: readonly EgressItem[];
  /** The person in whose name it is done; null: in the agent's own. */
  readonly actsAs: string | null;
  readonly nameOf: (person: string) => string;
  readonly askWhy: (event: string) => Promise<WhyAnswer>;
}

/** One turn: resolve, provision, each step, reply. */
export function TurnCard({ turn, session, egress, actsAs, nameOf, askWhy }: TurnCardProps) {
  const placed = placeRequests(turn.steps, egress);
  const others = turn.steeredBy.filter((each) => each !== turn.requester).map(nameOf);
  return (
    <li className="turn">
      <header className="turn__head">
        <h3>Turn {turn.number}</h3>
        <p>
          {nameOf(turn.requester)} asked{others.length > 0 && `, ${others.join(', ')} added to it`}
          {actsAs && `, in the name of ${nameOf(actsAs)}`} ·{' '}
          <span className={`turn__state turn__state--${turn.state}`}>{ENDINGS[turn.state]}</span> ·{' '}
          <Elapsed from={turn.startedAt} to={turn.endedAt} />
        </p>
      </header>
      {turn.failure && <p className="turn__failure">{turn.failure}</p>}
      <ol className="turn__rows">
        {turn.resolve && (
          <HappenedRow
            title="Resolve access"
            detail={turn.resolve.detail}
            phase={turn.resolve}
            explain={
              turn.resolve.endedAt ? () => <AccessPanel session={session} turn={turn.number} nameOf={nameOf} /> : null
            }
          />
        )}
        {turn.provision && (
          <HappenedRow title="Provision the sandbox" detail={null} phase={turn.provision} explain={null} />
        )}
        {turn.steps.map((step) => (
          <HappenedRow
            key={step.number}
            title={`Step ${step.number}: ${step.kind === 'model' ? 'model call' : step.tool}`}
            detail={stepInWords(step)}
            trouble={step.state === 'failed' || step.state === 'unknown' || (step.exitCode ?? 0) !== 0}
            phase={step.startedAt === null ? null : { startedAt: step.startedAt, endedAt: step.endedAt }}
            explain={null}
          >
            {placed.get(step.number)?.map((item) => (
              <RequestLine key={item.event.id} item={item} askWhy={askWhy} />
            ))}
          </HappenedRow>
        ))}
        {turn.reply && <HappenedRow title="Reply" detail={null} phase={turn.reply} explain={null} />}
      </ol>
    </li>
  );
}

function stepInWords(step: StepView): string | null {
  const words = [
    step.attempt > 1 ? `attempt ${step.attempt}` : null,
    step.state === 'pending' ? 'waiting' : null,
    step.state === 'stopped' ? 'stopped' : null,
    step.state === 'unknown' ? 'outcome unknown' : null,
    step.exitCode === null ? null : `exit ${step.exitCode}`,
    step.truncated ? 'output cut' : null,
  ].filter((word) => word !== null);
  return words.length > 0 ? words.join(' · ') : null;
}

/** Requests belong to the tool step during which they were made; commands of one turn run in order. */
function placeRequests(
  steps: readonly StepView[],
  egress: readonly EgressItem[],
): ReadonlyMap<number, readonly EgressItem[]> {
  const tools = steps.filter((step) => step.kind === 'tool' && step.startedAt !== null);
  const placed = new Map<number, EgressItem[]>();
  for (const item of egress) {
    const at = Date.parse(item.event.at);
    const step = tools.findLast((each) => Date.parse(each.startedAt ?? '') <= at) ?? tools[0];
    if (step) placed.set(step.number, [...(placed.get(step.number) ?? []), item]);
  }
  return placed;
}
