import { egressText } from '../../../cli/find/egress-text.ts';
import type { EgressEvent } from '../../../contracts/egress.ts';

const event = (more: Partial<EgressEvent>) =>
  ({
    at: '2026-01-01T00:00:00.000Z',
    turn: 1,
    requester: 'U1',
    outcome: 'forwarded',
    method: 'GET',
    scheme: 'https',
    host: 'pypi.test',
    port: 443,
    path: '/x',
    status: 200,
    durationMs: 5,
    bytesOut: 10,
    rule: 'pypi.test',
    bundle: 'b',
    ruleScope: 'organization',
    ...more,
  }) as EgressEvent;

test('a line says how many requests it stands for', () => {
  const text = egressText([
    event({}),
    event({ requests: 1 }),
    event({ requests: 41 }),
    event({ requests: 3, host: '*', path: '*', method: '*' }),
  ]);
  expect(text.split('\n').map((line) => /(GET|\*) .*?(?= {2})/.exec(line)?.[0])).toEqual([
    'GET https://pypi.test/x',
    'GET https://pypi.test/x',
    'GET https://pypi.test/x and 40 more',
    '* many hosts and 2 more',
  ]);
});
