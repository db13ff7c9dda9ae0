import { pino } from 'pino';
import { createReadiness, type ReadinessChecks } from '../../../workers/runner/readiness.ts';
import { contention } from '../../support/contention.ts';

const lacks = (checks: Partial<ReadinessChecks>) =>
  createReadiness({
    hasImage: async () => true,
    askProxy: async () => [],
    log: pino({ enabled: false }),
    ...checks,
  })();

const away = () => Promise.reject(new Error('nobody listens'));

test.each<[string, Partial<ReadinessChecks>, string[]]>([
  ['everything answers', {}, []],
  ['the engine has no image', { hasImage: async () => false }, ['image']],
  ['the engine is away', { hasImage: away }, ['engine']],
  ['the proxy is away', { askProxy: away }, ['proxy']],
  ['engine and proxy are away', { hasImage: away, askProxy: away }, ['engine', 'proxy']],
])('when %s a runner lacks the right parts', async (_, checks, expected) => {
  expect(await lacks(checks)).toEqual(expected);
});

test('a proxy that takes the question and never answers is lacking, and the beat goes on', async () => {
  const began = performance.now();
  expect(await lacks({ askProxy: () => new Promise(() => undefined) })).toEqual(['proxy']);
  expect(performance.now() - began).toBeLessThan(4_500 * contention());
});
