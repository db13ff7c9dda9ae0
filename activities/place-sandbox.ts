import { createHash, randomUUID } from 'node:crypto';
import type { AgentActivities, Placement } from '../contracts/activities.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Database } from '../store/database.ts';
import { type LiveRunner, liveRunners } from '../store/runners.ts';
import { findSandbox, placeSandbox, placeWhereRoomIs, type SandboxPlace } from '../store/sandboxes.ts';
import { failure } from './failure.ts';
import type { TellThread } from './tell-thread.ts';

export interface PlaceSandboxDependencies {
  readonly database: Database;
  readonly tellThread: TellThread;
}

/** A runner that has not beaten for this long is probably restarting. */
const SILENT_SECONDS = 15;
const AGAIN_SOON = { retryAfterMs: 2_000 };

/**
 * Picks the runner of a turn. A session with a workspace goes back to its own runner, full or not; only when that has
 * not beaten for a minute is it placed anew, and the thread told that its files are gone.
 */
export function createPlaceSandbox({
  database,
  tellThread,
}: PlaceSandboxDependencies): AgentActivities['placeSandbox'] {
  return async ({ session, turn }) => {
    const [runners, before] = await Promise.all([liveRunners(database), findSandbox(database, session)]);
    const home = before && runners.find((runner) => runner.id === before.runner);
    if (before && home) {
      if (home.silentFor > SILENT_SECONDS) {
        await tellThread(session, `${session}/${turn}/waiting-for-runner`, silentText(home.id));
        throw failure('RunnerUnavailable', `runner ${home.id} is silent for ${home.silentFor} s`, AGAIN_SOON);
      }
      return toPlacement(await placeSandbox(database, { id: before.id, session, runner: home.id, anew: false }), false);
    }

    const placed = await placeWhereRoomIs(database, { id: sandboxIdOf(session), session, anew: before !== null });
    if (!placed) {
      await tellThread(session, `${session}/${turn}/waiting-for-runner`, waitingText(runners));
      throw runners.length === 0
        ? failure('RunnerUnavailable', 'no runner has beaten within 60 s', AGAIN_SOON)
        : failure('RunnersFull', `all ${runners.length} runners are full or draining`, AGAIN_SOON);
    }
    const filesLost = before?.hasWorkspace ?? false;
    if (filesLost) {
      await tellThread(
        session,
        `${session}/${turn}/files-lost`,
        `The machine that held this thread's workspace (${before?.runner}) is gone, so the files of earlier turns are lost. I start with an empty workspace.`,
      );
    }
    return toPlacement(placed, filesLost);
  };
}

function silentText(runner: string): string {
  return `The machine that holds this thread's files (${runner}) is away. I wait up to a minute for it to come back.`;
}

function waitingText(runners: readonly LiveRunner[]): string {
  return runners.length === 0
    ? 'No machine that can run my sandbox is up right now. I wait for one and start by myself.'
    : 'All sandboxes are in use right now. I wait for a free one and start by myself.';
}

/** Short, for container names and socket paths; never the same for two placements of one session. */
function sandboxIdOf(session: SessionId): string {
  return createHash('sha256').update(session).update(randomUUID()).digest('hex').slice(0, 16);
}

function toPlacement({ id, runner }: SandboxPlace, filesLost: boolean): Placement {
  return { runner, sandbox: id, filesLost };
}
