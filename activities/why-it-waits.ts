import type { PlaceFailure } from '../contracts/activities.ts';
import { isReady, type LiveRunner } from '../store/runners.ts';

/** Why a turn has no place yet. */
export interface Waiting {
  /** What the turn fails as when it has waited for too long. */
  readonly failure: PlaceFailure;
  /** For the thread's live line; null while all sandboxes are at work, where its place in line is said. */
  readonly words: string | null;
}

const FULL: Waiting = { failure: 'RunnersFull', words: null };

/** `home` is the runner that holds the session's files. One that has not beaten for a minute binds nobody. */
export function whyItWaits(runners: readonly LiveRunner[], home: string | null): Waiting {
  const own = runners.find(({ id }) => id === home);
  const candidates = own ? [own] : runners;
  const ready = candidates.filter(isReady);
  // A draining runner still takes those whose files it holds.
  if (ready.some(({ draining }) => own !== undefined || !draining)) return FULL;
  if (ready.length > 0) {
    const words = 'no machine takes new threads right now; I wait for one and start by myself';
    return { failure: 'RunnerUnavailable', words };
  }
  if (candidates.some(({ lacks }) => lacks.includes('image'))) {
    const words = 'my sandbox image is still being built; I start by myself as soon as it is ready';
    return { failure: 'SandboxImageMissing', words };
  }
  if (own) return { failure: 'RunnerUnavailable', words: `waiting for ${own.id}, which ${stateOf(own)}` };
  const words = 'no machine that can run my sandbox is up; I start by myself when one is';
  return { failure: 'RunnerUnavailable', words };
}

function stateOf({ lacks }: LiveRunner): string {
  return lacks.length > 0
    ? "holds this thread's files and is not ready"
    : "holds this thread's files and is away; I wait up to a minute for it";
}
