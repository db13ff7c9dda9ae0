import { randomBytes } from 'node:crypto';
import { nearestName } from '../access/nearest-name.ts';
import type { Environment } from '../contracts/environments.ts';
import type { ScopeKey } from '../contracts/scope.ts';
import type { EnvironmentImage, SandboxRuntime } from '../docker/sandbox.ts';
import type { ProxyControl } from '../proxy/control-client.ts';
import type { Database } from '../store/database.ts';
import { type AppliedEnvironments, appliedEnvironments } from '../store/environments.ts';
import { messageOf } from './failure.ts';

export interface EnvironmentsDependencies {
  readonly runtime: Pick<SandboxRuntime, 'environmentImage' | 'buildEnvironment'>;
  readonly proxy: Pick<ProxyControl, 'ensureListener' | 'removeListener' | 'openLease' | 'closeLease'>;
  readonly database: Database;
  readonly caBundle: () => Promise<string>;
  /** Ends builds, when the runner stops. */
  readonly stopping: AbortSignal;
  /** Builds that are under way. A stop waits until they have cleaned up. */
  readonly builds: Set<Promise<void>>;
  /** Milliseconds that never jump back. */
  readonly clock: () => number;
}

/** What a scope's sandboxes have beyond the usual. */
export type FoundEnvironment =
  /** No environment is attached, or none of that name is there any more. */
  | { readonly state: 'none' }
  | { readonly state: 'ready'; readonly image: EnvironmentImage }
  /** Its image is being built; ask again. */
  | { readonly state: 'building'; readonly name: string }
  /** The build failed within the last minute. `words` has what was run, the exit code and the last lines. */
  | { readonly state: 'failed'; readonly name: string; readonly words: string };

export type FindEnvironment = (scope: ScopeKey) => Promise<FoundEnvironment>;

/** After that, the next sandbox that needs the image has it built anew: a mirror may be back. */
const FAILED_FOR_MS = 60_000;
/** A lease dies 15 s after its last renewal; two may be lost on the way. */
const RENEW_EVERY_MS = 4_000;
const BUILD_WITHIN_MS = 30 * 60_000;
/** How many builds that failed are remembered. */
const FAILURES_KEPT = 100;

/** Names of sandboxes begin otherwise. The reaper leaves these alone while this process lives. */
export const BUILD_PREFIX = 'env-';

/**
 * Finds the environment of a scope, and has its image built where it is missing: once, however many sandboxes wait for it. A
 * build has a lease of its own, whose scope reaches nothing but the environment's registries, and is recorded like any other request.
 */
export function createEnvironments(dependencies: EnvironmentsDependencies): FindEnvironment {
  const { runtime, database, clock, builds } = dependencies;
  let applied: AppliedEnvironments | undefined;
  const building = new Set<string>();
  const failures = new Map<string, { readonly words: string; readonly at: number }>();

  function build(image: EnvironmentImage, missing: string): void {
    if (building.has(missing)) return;
    building.add(missing);
    const made = buildOne(dependencies, image)
      .then(
        () => void failures.delete(missing),
        (error: unknown) => {
          failures.set(missing, { words: messageOf(error), at: clock() });
          const [oldest] = failures.keys();
          if (failures.size > FAILURES_KEPT && oldest !== undefined) failures.delete(oldest);
        },
      )
      .finally(() => {
        building.delete(missing);
        builds.delete(made);
      });
    builds.add(made);
  }

  return async (scope) => {
    applied = await appliedEnvironments(database, applied);
    const environment = environmentOf(applied, scope);
    if (environment === null) return { state: 'none' };
    const { name } = environment;
    const image = await runtime.environmentImage(environment);
    const { missing } = image;
    if (missing === null) return { state: 'ready', image };
    const failed = failures.get(missing);
    const isFresh = failed !== undefined && clock() - failed.at < FAILED_FOR_MS;
    if (!isFresh) build(image, missing);
    if (image.ready) return { state: 'ready', image };
    return isFresh ? { state: 'failed', name, words: failed.words } : { state: 'building', name };
  };
}

function environmentOf({ attached, environments }: AppliedEnvironments, scope: ScopeKey): Environment | null {
  const byScope = new Map(attached.map((each) => [each.scope, each.environment]));
  const name = nearestName((each) => byScope.get(each), scope);
  return environments.find((each) => each.name === name) ?? null;
}

async function buildOne(
  { runtime, proxy, caBundle, stopping }: EnvironmentsDependencies,
  image: EnvironmentImage,
): Promise<void> {
  const id = `${BUILD_PREFIX}${randomBytes(6).toString('hex')}`;
  const { name } = image.environment;
  const epoch = { turn: 1, attempt: 1 };
  const scope: ScopeKey = `environment:${name}`;
  const session = `slack:environment:${name}:${id}` as const;
  const lease = { sandbox: id, session, epoch, scope, principal: `agent@${scope}` as const, requester: scope };
  let doing = 'preparing the build';
  await proxy.ensureListener(id, 0);
  const renewing = setInterval(() => void proxy.openLease(lease).catch(() => undefined), RENEW_EVERY_MS);
  try {
    await proxy.openLease(lease);
    await runtime.buildEnvironment(id, image, {
      caBundle: await caBundle(),
      signal: AbortSignal.any([stopping, AbortSignal.timeout(BUILD_WITHIN_MS)]),
      onLine(line) {
        doing = /^bellhop: (.*)/.exec(line)?.[1] ?? doing;
      },
    });
  } catch (error) {
    throw new Error(`${doing} failed:\n${messageOf(error)}`, { cause: error });
  } finally {
    clearInterval(renewing);
    await proxy.closeLease(id, epoch.turn).catch(() => undefined);
    await proxy.removeListener(id).catch(() => undefined);
  }
}
