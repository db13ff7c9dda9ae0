import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { BegunTurn } from '../contracts/activities.ts';
import { type EgressCounts, NO_EGRESS } from '../contracts/egress.ts';
import type { SessionState } from '../contracts/search-attributes.ts';

/** What Temporal UI shows of a session, in search attributes and current details: ids, counts and names of states. */
export interface SessionDisplay {
  turnBegun(turn: BegunTurn): void;
  /** Whose words the turn has read so far. */
  steered(by: readonly string[]): void;
  /** Where the turn's sandbox lives. */
  placed(runner: string): void;
  /** `counts` is null when the turn had no way out, or nobody knows. */
  turnEnded(counts: EgressCounts | null): void;
  rests(state: Extract<SessionState, 'paused' | 'closed'>): void;
  /** How many signals were not valid. */
  ignored(count: number): void;
  /** What the finished turns sent out, for the run that takes over. */
  egress(): EgressCounts;
}

/** `egressBefore` is what the run before this one had counted. */
export function createSessionDisplay(egressBefore: EgressCounts = NO_EGRESS): SessionDisplay {
  let egress = egressBefore;
  let turn: BegunTurn | null = null;
  let steering: readonly string[] = [];
  let runner: string | null = knownRunner();
  let ignored = 0;
  let last: SessionState = 'idle';

  const say = (state: SessionState): void => {
    last = state;
    const { summary } = workflowInfo().memo ?? {};
    const now = [`**${state}**`, ...(turn ? [`turn ${turn.turn}`, turn.scope, `for ${turn.requester}`] : [])];
    const others = turn ? steering.filter((each) => each !== turn?.requester) : [];
    if (others.length > 0) now.push(`steered by ${others.join(', ')}`);
    if (runner !== null) now.push(`on runner ${runner}`);
    // The SDK cannot hand the static summary over to the next run; the memo goes along by itself.
    const title = typeof summary === 'string' ? [summary] : [];
    const notes = ignored > 0 ? [`${ignored} signals were not valid and were ignored`] : [];
    setCurrentDetails([...title, now.join(' · '), egressLine(egress), ...notes].join('\n\n'));
  };

  return {
    turnBegun(begun) {
      turn = begun;
      steering = [];
      upsertSearchAttributes({ BellhopState: ['working'], BellhopRequester: [begun.requester] });
      say('working');
    },
    steered(by) {
      if (by.length === steering.length) return;
      steering = by;
      say('working');
    },
    placed(placedOn) {
      if (placedOn === runner) return;
      runner = placedOn;
      upsertSearchAttributes({ BellhopRunner: [runner] });
      say('working');
    },
    turnEnded(counts) {
      if (counts !== null) egress = sum(egress, counts);
      upsertSearchAttributes({ BellhopState: ['idle'] });
      say('idle');
    },
    rests(state) {
      upsertSearchAttributes({ BellhopState: [state] });
      say(state);
    },
    ignored(count) {
      ignored = count;
      say(last);
    },
    egress: () => egress,
  };
}

/** A run that takes over inherits the search attributes of the one before. */
function knownRunner(): string | null {
  const known = workflowInfo().searchAttributes.BellhopRunner?.[0];
  return typeof known === 'string' ? known : null;
}

function egressLine({ injected, forwarded, blocked, bytesOut }: EgressCounts): string {
  return `egress of finished turns: ${injected} injected, ${forwarded} forwarded, ${blocked} blocked, ${bytesOut} bytes out`;
}

function sum(a: EgressCounts, b: EgressCounts): EgressCounts {
  return {
    injected: a.injected + b.injected,
    forwarded: a.forwarded + b.forwarded,
    blocked: a.blocked + b.blocked,
    bytesOut: a.bytesOut + b.bytesOut,
  };
}
