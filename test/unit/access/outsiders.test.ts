import { decide } from '../../../access/decide.ts';
import { effectiveAccess, indexAccess } from '../../../access/effective-access.ts';
import { type MixedChannel, OUTSIDER_RULES, type OutsiderRule, withMixed } from '../../../access/outsiders.ts';
import { compareReach } from '../../../access/reach.ts';
import { documentOf, resolveFile } from '../../../access/resolve-file.ts';
import type { ScopeKey } from '../../../contracts/scope.ts';
import { fileOf, NOW, problemsIn } from '../../support/access-yaml.ts';

const OURS: ScopeKey = 'channel:T1:COURS';
const OTHER: ScopeKey = 'channel:T1:COTHER';
const GROUP: ScopeKey = 'group-dm:T1:CGROUP';
const CHANNELS = [{ team: 'T1', id: 'COURS', name: 'ours', seenAt: NOW }];
const WITH_GUESTS: MixedChannel = { team: 'T1', channel: 'COURS', name: 'ours', guests: true, shared: false };

function documentWith(
  settings: { organization?: string; ours?: string },
  mixed: readonly MixedChannel[] = [WITH_GUESTS],
) {
  const file =
    fileOf(`organization: { bundles: [team], instructions: Of everybody, group-messages: workspace, ${settings.organization ?? ''} }
channels:
  "#ours": { bundles: [mine], instructions: Of this channel, ${settings.ours ?? ''} }
bundles:
  team: { domains: [team.acme.test] }
  mine: { domains: [mine.acme.test] }
`);
  const resolved = resolveFile(file, CHANNELS);
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  return withMixed(documentOf(file, resolved, { version: 1, connections: [] }), mixed);
}

type Document = ReturnType<typeof documentWith>;

function outcomes(document: Document, scope = OURS): string[] {
  return ['team.acme.test', 'mine.acme.test'].map(
    (host) =>
      decide(
        { method: 'GET', scheme: 'https', host, port: 443, path: '/' },
        indexAccess(document).accessTo(host, scope),
      ).outcome,
  );
}

test('nobody has said anything: a channel with guests reaches nothing, and the sentence says why', () => {
  const document = documentWith({});
  expect(outcomes(document)).toEqual(['blocked', 'blocked']);
  expect(indexAccess(document).whyOff(OURS)).toBe('guests');
  const request = { method: 'GET', scheme: 'https', host: 'mine.acme.test', port: 443, path: '/' } as const;
  expect(decide(request, effectiveAccess(document, OURS))).toMatchObject({
    code: 'disabled',
    reason: expect.stringMatching(/Guests are in this channel/),
  });
});

test('channel-only leaves what is attached to this very channel, instructions included', () => {
  const document = documentWith({ ours: 'guests: channel-only' });
  expect(outcomes(document)).toEqual(['blocked', 'forwarded']);
  expect(effectiveAccess(document, OURS).instructions.map(({ text }) => text)).toEqual(['Of this channel']);
});

test('allow changes nothing', () => {
  expect(outcomes(documentWith({ organization: 'guests: allow' }))).toEqual(['forwarded', 'forwarded']);
});

test('the nearest setting decides, in both directions', () => {
  expect(outcomes(documentWith({ organization: 'guests: allow', ours: 'guests: refuse' }))).toEqual([
    'blocked',
    'blocked',
  ]);
  expect(outcomes(documentWith({ organization: 'guests: refuse', ours: 'guests: allow' }))).toEqual([
    'forwarded',
    'forwarded',
  ]);
});

test('a channel without outsiders is not touched by any setting', () => {
  for (const rule of OUTSIDER_RULES)
    expect(outcomes(documentWith({ organization: `guests: ${rule}, shared-channels: ${rule}` }, []))).toEqual([
      'forwarded',
      'forwarded',
    ]);
  expect(outcomes(documentWith({}), OTHER)).toEqual(['forwarded', 'blocked']);
});

test.each(OUTSIDER_RULES.flatMap((guests) => OUTSIDER_RULES.map((shared) => [guests, shared] as const)))(
  'a shared channel with guests, guests: %s, shared-channels: %s: the stricter counts',
  (guests, shared) => {
    const both = { ...WITH_GUESTS, shared: true };
    const document = documentWith({ ours: `guests: ${guests}, shared-channels: ${shared}` }, [both]);
    const stricter = OUTSIDER_RULES.find((rule) => rule === guests || rule === shared);
    const reached: Record<OutsiderRule, string[]> = {
      refuse: ['blocked', 'blocked'],
      'channel-only': ['blocked', 'forwarded'],
      allow: ['forwarded', 'forwarded'],
    };
    expect(outcomes(document)).toEqual(reached[stricter ?? 'refuse']);
  },
);

test('a group message with a guest in it has nothing of its workspace', () => {
  const inGroup = { ...WITH_GUESTS, channel: 'CGROUP', name: '' };
  expect(indexAccess(documentWith({}, [inGroup])).whyOff(GROUP)).toBe('guests');
  expect(outcomes(documentWith({ organization: 'guests: channel-only' }, [inGroup]), GROUP)).toEqual([
    'blocked',
    'blocked',
  ]);
  expect(outcomes(documentWith({}, []), GROUP)).toEqual(['forwarded', 'blocked']);
});

test('a plan shows a channel that gains by the setting, also one that the file does not name', () => {
  const unnamed = { ...WITH_GUESTS, channel: 'COTHER', name: 'other' };
  const [before, after] = ['', 'guests: allow'].map((organization) =>
    documentWith({ organization }, [WITH_GUESTS, unnamed]),
  );
  const gained = compareReach(before as Document, after as Document);
  expect(gained.map(({ label, gained: items }) => [label, items.length > 0])).toEqual([
    ['#ours', true],
    ['#other', true],
  ]);
});

test('another word is told with its line', () => {
  expect(problemsIn('organization:\n  guests: maybe\n')).toEqual([
    expect.stringMatching(/^bellhop.yaml:2: organization.guests: /),
  ]);
});
