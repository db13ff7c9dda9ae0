import type { CanonicalHost } from '../../../access/host-name.ts';
import type { ScopeKey } from '../../../contracts/scope.ts';
import { createBoundedResolve } from '../../../proxy/dialer/resolve.ts';
import { until } from '../../support/until.ts';

const ONE: ScopeKey = 'channel:T1:C1';
const TWO: ScopeKey = 'channel:T1:C2';

/** A resolver that answers when a test says so. */
function setUp(options: { timeoutMs?: number } = {}) {
  const asked: string[] = [];
  const answers = new Map<string, () => void>();
  const bounded = createBoundedResolve((host) => {
    asked.push(host);
    return new Promise((resolve) => answers.set(host, () => resolve(['93.184.216.34'])));
  }, options);
  const resolve = (host: string, scope: ScopeKey = ONE) =>
    bounded(host as CanonicalHost, scope).then(
      (addresses) => addresses.join(),
      (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
    );
  return { asked, answer: (host: string) => answers.get(host)?.(), resolve };
}

test('names without an answer hold up only the scope that asked for them', async () => {
  const { asked, answer, resolve } = setUp({ timeoutMs: 1_000 });
  const hanging = Array.from({ length: 40 }, (_, n) => resolve(`n${n}.slow.test`));
  expect(asked).toEqual(['n0.slow.test', 'n1.slow.test', 'n2.slow.test', 'n3.slow.test']);
  const other = resolve('other.test', TWO);
  answer('other.test');
  expect(await other).toBe('93.184.216.34');
  for (const each of await Promise.all(hanging)) expect(each).toMatch(/^dns: .* no answer in 1000 ms/);
  // Given up on, but their threads are still taken: nothing more is asked for this scope.
  const late = resolve('late.test');
  expect(asked).not.toContain('late.test');
  answer('n0.slow.test');
  await until(() => asked.includes('late.test'), 'the next lookup');
  answer('late.test');
  expect(await late).toBe('93.184.216.34');
  expect(asked.filter((name) => name.endsWith('.slow.test'))).toHaveLength(4);
});

test('a name that is needed many times at once is looked up once, and again the next time', async () => {
  const { asked, answer, resolve } = setUp();
  const all = Array.from({ length: 50 }, () => resolve('pypi.test'));
  answer('pypi.test');
  expect(new Set(await Promise.all(all))).toEqual(new Set(['93.184.216.34']));
  expect(asked).toEqual(['pypi.test']);
  const again = resolve('pypi.test');
  answer('pypi.test');
  await again;
  expect(asked).toEqual(['pypi.test', 'pypi.test']);
});

test('one scope is not answered by the lookup of another', async () => {
  const { asked, resolve } = setUp({ timeoutMs: 50 });
  await Promise.all([resolve('pypi.test', ONE), resolve('pypi.test', TWO)]);
  expect(asked).toEqual(['pypi.test', 'pypi.test']);
});

test('all scopes together have at most 32 lookups under way', async () => {
  const { asked, resolve } = setUp({ timeoutMs: 50 });
  const all = Array.from({ length: 9 }, (_, scope) =>
    [0, 1, 2, 3].map((n) => resolve(`n${n}.slow.test`, `channel:T1:C${scope}`)),
  );
  expect(asked).toHaveLength(32);
  expect((await Promise.all(all.flat())).at(-1)).toBe(
    'dns: n3.slow.test could not be resolved: too many names are being resolved.',
  );
});
