import type { ProvisionInput } from '../contracts/activities.ts';
import { actingPerson, type Principal, type ScopeKey } from '../contracts/scope.ts';
import { isDockerError } from '../docker/errors.ts';
import type { SandboxRuntime } from '../docker/sandbox.ts';
import { relayUidOf, SOCKET_NAMES } from '../docker/sandbox-names.ts';
import type { ProxyControl } from '../proxy/control-client.ts';
import { type CommitOrigin, commitOrigin } from '../store/commit-origin.ts';
import type { Database } from '../store/database.ts';
import {
  holdsPlace,
  isSettled,
  isToForget,
  noteForgotten,
  noteSettled,
  setIncarnation,
  setSandboxState,
} from '../store/sandboxes.ts';
import { getSession } from '../store/sessions.ts';
import { inTurn } from '../store/turn-fence.ts';
import type { FindEnvironment } from './environments.ts';
import { failure, messageOf, turnOver } from './failure.ts';
import type { KeyedLock } from './keyed-lock.ts';
import { createTellThread } from './tell-thread.ts';
import type { WorkspaceGuard } from './workspace-guard.ts';

export interface BringUpDependencies {
  readonly runner: string;
  readonly runtime: Pick<SandboxRuntime, 'provision' | 'endTurn' | 'remove' | 'removeVolume'>;
  readonly proxy: Pick<ProxyControl, 'ensureListener' | 'commitAuthor'>;
  readonly database: Database;
  readonly guard: WorkspaceGuard;
  /** Shared with the reaper and `settleSandbox`: nothing is removed or settled while it is being brought up. */
  readonly lock: KeyedLock;
  readonly findEnvironment: FindEnvironment;
  /** PEM text of what sandboxes trust: the system's roots and the proxy's own CA. */
  readonly caBundle: () => Promise<string>;
  /** Who commits, as `Name <address>`, whatever the forge says. Null leaves it to the forge. Not in direct messages. */
  readonly gitAuthor: string | null;
}

/**
 * Makes the sandbox of a turn run, whatever became of its container before. One that runs stays as it is. For a turn
 * that is over, or holds no place, it does nothing and throws `SessionEnded`.
 *
 * A run that was terminated, or has lost its runner, left processes of its turn behind. They are ended here, and no
 * process of the present turn is:
 * 1. All of this holds the sandbox's lock, and no command of the turn is started before it was done once.
 * 2. The first attempt ends the earlier turns' processes and notes them as settled.
 * 3. A late attempt of this turn waits for the lock. It reads under the lock that they are settled, and ends nothing.
 * 4. A late attempt of an older turn finds that its turn does not run or holds no place any more, and stops.
 * Therefore only the first attempt of a turn ends processes, before the turn has any of its own.
 */
export type BringUp = (input: ProvisionInput) => Promise<{ readonly created: boolean; readonly agentUid: number }>;

/**
 * One for each runner. {@link BringUp} says what it does, and why only the first attempt of a turn ends processes.
 */
export function createBringUp(dependencies: BringUpDependencies): BringUp {
  const { runner, runtime, proxy, database, guard, lock, caBundle, findEnvironment, gitAuthor } = dependencies;
  /** Nothing is said any more in the name of a turn that has ended. */
  const tell = ({ session, turn }: ProvisionInput, what: string, text: string): Promise<void> =>
    inTurn(database, { session, turn }, (db) => createTellThread(db)(session, `${session}/${turn}/${what}`, text));
  /** What is done in a person's name is theirs, whatever the operator says of the agent's own commits. */
  const authorFor = async (scope: ScopeKey, principal: Principal, person: string): Promise<string | null> => {
    if (actingPerson(principal)) return (await proxy.commitAuthor(scope, principal).catch(() => null)) ?? person;
    return gitAuthor ?? proxy.commitAuthor(scope).catch(() => null);
  };
  return (input) =>
    lock(input.sandbox, async () => {
      const { session, turn, sandbox } = input;
      const [{ agentUid, scope, principal }, origin, holds] = await Promise.all([
        getSession(database, session),
        commitOrigin(database, session, turn),
        inTurn(database, { session, turn }, (db) => holdsPlace(db, sandbox, turn)),
      ]);
      if (!holds) throw turnOver(turn);
      const [environment, author] = await Promise.all([
        findEnvironment(scope),
        // Without the proxy nothing is brought up, and the next step says so.
        authorFor(scope, principal, origin.author),
      ]);
      if (environment.state === 'building') {
        await tell(
          input,
          'environment',
          `The environment ${environment.name} is being built. I start when it is ready.`,
        );
        throw failure('SandboxImageMissing', `the environment ${environment.name} is being built`, {
          retryAfterMs: 2_000,
        });
      }
      if (environment.state === 'failed') {
        const { name, words } = environment;
        await tell(input, 'environment-failed', failedText(name, words));
        throw failure('EnvironmentFailed', `the environment ${name}: ${words}`);
      }
      if (await isToForget(database, sandbox, turn)) {
        await runtime.remove(sandbox);
        await runtime.removeVolume(sandbox);
        await inTurn(database, { session, turn }, (db) => noteForgotten(db, sandbox, turn));
      }
      await proxy.ensureListener(sandbox, relayUidOf(agentUid)).catch(noListener);
      const own = environment.state === 'ready' ? { environment: environment.image } : {};
      const commits = { author, trailers: trailersOf(origin) };
      const made = await runtime
        .provision({ id: sandbox, session, runner, agentUid, caBundle: await caBundle(), commits, ...own })
        .catch(async (error: unknown) => {
          if (!isDockerError(error, 'ImageMissing')) {
            throw failure('ProvisionFailed', messageOf(error), { cause: error });
          }
          await tell(input, 'image', IMAGE_TEXT);
          throw failure('SandboxImageMissing', messageOf(error), { retryAfterMs: 2_000 });
        });
      // The way out may open only for a sandbox that sees its own sockets and no others.
      if (made.sockets !== SOCKET_NAMES.size) {
        throw failure('ProvisionFailed', `the sandbox sees ${made.sockets} sockets, not ${SOCKET_NAMES.size}`);
      }
      await inTurn(database, { session, turn }, async (db) => {
        await setIncarnation(db, sandbox, made.incarnation);
        await setSandboxState(db, sandbox, 'running');
      });
      if (!(await isSettled(database, sandbox, turn - 1))) {
        await runtime.endTurn(sandbox, agentUid, turn - 1);
        await noteSettled(database, sandbox, turn - 1);
      }
      await guard.begin(sandbox, agentUid);
      return { created: made.created, agentUid };
    });
}

/** A commit leads back to the thread and to the person who asked for it. */
function trailersOf({ permalink, requester }: CommitOrigin): string[] {
  return [...(permalink === null ? [] : [`Bellhop-Thread: ${permalink}`]), `Requested-by: ${requester}`];
}

const IMAGE_TEXT = 'My sandbox image is still being built. I start by myself as soon as it is ready.';

/** The end of what the script said, as it stands in `environments` of the access file. */
function failedText(name: string, words: string): string {
  const shown = words.length > SHOWN ? `…${words.slice(-SHOWN)}` : words;
  return `The environment ${name} could not be built; ${shown.replaceAll('```', '` ` `')}`;
}

/** A message in Slack is read, not searched. */
const SHOWN = 2_500;

function noListener(error: unknown): never {
  throw failure('ProvisionFailed', `the Agent Proxy does not listen for the sandbox: ${messageOf(error)}`);
}
