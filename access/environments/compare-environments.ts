import { isDeepStrictEqual } from 'node:util';
import type { Environment } from '../../contracts/environments.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import type { AccessDocument } from '../document.ts';
import { nearestName } from '../nearest-name.ts';

/** What changes in the sandboxes of a scope. */
export interface EnvironmentChange {
  readonly scope: ScopeKey;
  readonly label: string;
  /** `the image: as usual → debian:bookworm`, `the setup script of node` */
  readonly what: readonly string[];
}

/**
 * Compares the environment of each scope. A script and an image run in every sandbox of a channel, so a reviewer has to see them where
 * they arrive, and not only under the environment's name.
 */
export function compareEnvironments(before: AccessDocument, after: AccessDocument): EnvironmentChange[] {
  const labels = new Map([...before.scopes, ...after.scopes].map(({ scope, label }) => [scope, label]));
  labels.set('organization', 'organization');
  const [old, now] = [environmentsByScope(before), environmentsByScope(after)];
  return [...labels].flatMap(([scope, label]) => {
    const what = differences(old(scope), now(scope));
    return what.length === 0 ? [] : [{ scope, label, what }];
  });
}

function environmentsByScope({ scopes, environments = [] }: AccessDocument): (scope: ScopeKey) => Environment | null {
  const attached = new Map(
    scopes.flatMap(({ scope, environment }) => (environment === undefined ? [] : [[scope, environment] as const])),
  );
  const byName = new Map(environments.map((each) => [each.name, each]));
  return (scope) => byName.get(nearestName((each) => attached.get(each), scope) ?? '') ?? null;
}

function differences(was: Environment | null, is: Environment | null): string[] {
  const lists = (['packages', 'registries'] as const).map((key) => {
    const added = (is?.[key] ?? []).filter((each) => !was?.[key].some((known) => known === each));
    const removed = (was?.[key] ?? []).filter((each) => !is?.[key].some((kept) => kept === each));
    const words = [...added.map((each) => `+${each}`), ...removed.map((each) => `-${each}`)];
    return words.length === 0 ? '' : `${key}: ${words.join(' ')}`;
  });
  return [
    changed('the image', was?.image, is?.image),
    isDeepStrictEqual(was?.dockerfile, is?.dockerfile) ? '' : dockerfileWords(is),
    scriptWords(was, is),
    ...lists,
    isDeepStrictEqual(was?.variables ?? {}, is?.variables ?? {}) ? '' : 'variables',
    changed('memory-mb', was?.memoryMb, is?.memoryMb),
    changed('cpus', was?.cpus, is?.cpus),
  ].filter((each) => each !== '');
}

function changed(
  name: string,
  was: string | number | null | undefined,
  is: string | number | null | undefined,
): string {
  return (was ?? null) === (is ?? null) ? '' : `${name}: ${was ?? 'as usual'} → ${is ?? 'as usual'}`;
}

function scriptWords(was: Environment | null, is: Environment | null): string {
  if ((was?.setup ?? '') === (is?.setup ?? '')) return '';
  return is === null || is.setup === '' ? 'no setup script' : `the setup script of ${is.name}`;
}

function dockerfileWords(is: Environment | null): string {
  return is?.dockerfile === undefined ? 'no Dockerfile' : `what ${is.dockerfile.file} says`;
}
