import { type KnownCeilings, openedBy } from '../../../access/ceilings.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { effectiveText } from '../../../access/effective-text.ts';
import { shadowsOf } from '../../../access/shadows.ts';
import { connection, documentOf, domain } from '../../support/access-document.ts';

const CHANNEL = 'channel:T1:C1';
const ORGANIZATION = 'organization';
const CEILINGS = [{ range: '10.1.0.0/16', ports: [443] }];

function shown(attached: Parameters<typeof documentOf>[0], ceilings?: KnownCeilings): string {
  return effectiveText(
    { label: CHANNEL, scope: CHANNEL },
    effectiveAccess(documentOf(attached), CHANNEL),
    undefined,
    ceilings,
  );
}

test.each([
  ['10.1.2.0/24', 443, 'all'],
  ['10.1.0.0/16', 443, 'all'],
  ['10.0.0.0/8', 443, 'part'],
  ['10.2.0.0/16', 443, 'nothing'],
  ['10.1.2.0/24', 5432, 'nothing'],
  ['fd00::/64', 443, 'nothing'],
] as const)('of %s:%d the operator opens %s', (range, port, opened) => {
  expect(openedBy(CEILINGS, { range, port })).toBe(opened);
});

test('what a rule opens and the operator does not is said beside it, and nothing is said where nobody asked', () => {
  const entry = (range: string) => ({
    [CHANNEL]: { domains: [domain('wiki.test', { addresses: [{ range, port: 443 }] })] },
  });
  expect(shown(entry('10.1.2.0/24'), CEILINGS)).toContain(
    "dialled at 10.1.2.0/24:443 (within the operator's ceilings)",
  );
  expect(shown(entry('10.0.0.0/8'), CEILINGS)).toContain("(the operator's ceilings open part of it)");
  expect(shown(entry('10.2.0.0/16'), [])).toContain("(the operator's ceilings open nothing of it)");
  expect(shown(entry('10.2.0.0/16'), null)).toContain('the proxy could not be asked');
  expect(shown(entry('10.2.0.0/16'))).not.toContain('ceilings');
});

test('a rule that a narrower connection hides says so', () => {
  const text = shown({
    [CHANNEL]: { connections: [connection('near', 'api.a.test'), connection('one', 'x.w.test')] },
    [ORGANIZATION]: {
      connections: [connection('far', 'api.a.test'), connection('wide', '*.w.test'), connection('free', 'api.b.test')],
    },
  });
  const line = (id: string) => text.split('\n').find((each) => each.includes(` ${id} `)) ?? '';
  expect(line('far')).toMatch(/not consulted: near ← .* is narrower/);
  expect(line('wide')).toMatch(/not consulted for x\.w\.test: one ← .* is narrower/);
  for (const id of ['near', 'one', 'free']) expect(line(id)).not.toContain('not consulted');
});

test('a rule that one connection hides whole says so, also when a narrower one hides a part', () => {
  const text = shown({
    [CHANNEL]: { connections: [connection('part', 'a.x.test')] },
    'workspace:T1': { connections: [connection('whole', '*.x.test')] },
    [ORGANIZATION]: { connections: [connection('far', '*.x.test')] },
  });
  const line = (id: string) => text.split('\n').find((each) => each.includes(` ${id} `)) ?? '';
  expect(line('far')).toMatch(/not consulted: whole ← .* is narrower/);
  expect(line('far')).not.toContain('a.x.test');
  expect(line('whole')).toMatch(/not consulted for a\.x\.test: part ← .* is narrower/);
});

test('every part of a rule that is hidden is named, and of very many the first', () => {
  const hidden = (count: number) =>
    shown({
      [CHANNEL]: {
        connections: Array.from({ length: count }, (_, at) => connection(`near${at}`, `h${at}.x.test`)),
      },
      [ORGANIZATION]: { connections: [connection('far', '*.x.test')] },
    })
      .split('\n')
      .find((each) => each.includes(' far ')) ?? '';
  expect(hidden(2)).toMatch(
    /not consulted for h0\.x\.test: near0 ← .* is narrower, not consulted for h1\.x\.test: near1 ← .* is narrower/,
  );
  expect(hidden(5)).toMatch(/h0\.x\.test.*h1\.x\.test.*h2\.x\.test.*, nor for 2 others/);
  expect(hidden(5)).not.toContain('h3.x.test');
});

test('what hides a rule is data too, with the scope that it comes from', () => {
  const { rules } = effectiveAccess(
    documentOf({
      [CHANNEL]: { connections: [connection('near', 'a.x.test')] },
      [ORGANIZATION]: { connections: [connection('far', '*.x.test')] },
    }),
    CHANNEL,
  );
  const far = rules.find((rule) => rule.from === 'connection' && rule.connection.id === 'far');
  expect(far && shadowsOf(far, rules)).toEqual([
    { rule: 'near', origin: expect.stringContaining('←'), scope: CHANNEL, for: 'a.x.test' },
  ]);
});
