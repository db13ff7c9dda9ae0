import type { EgressEvent } from '../../../../contracts/egress.ts';
import type { AcmeReport, Sighting } from '../../../../demo/page/server/acme-client.ts';
import { createOriginBook } from '../../../../demo/page/server/origin-book.ts';

const AT = '2026-11-23T10:00:00.000Z';

function event(id: string, over: Partial<EgressEvent> = {}): EgressEvent {
  return {
    id,
    at: AT,
    sandbox: 's',
    session: null,
    turn: 1,
    principal: null,
    requester: null,
    scope: null,
    outcome: 'injected',
    code: 'connection',
    reason: '',
    rule: null,
    bundle: null,
    ruleScope: null,
    connection: null,
    method: 'GET',
    scheme: 'https',
    host: 'api.acme.test',
    port: 443,
    path: '/v1/signups',
    status: 200,
    bytesOut: 0,
    bytesIn: 0,
    durationMs: 20,
    transport: 'intercept',
    ...over,
  };
}

function sighting(id: string, over: Partial<Sighting> = {}): Sighting {
  return {
    id,
    at: '2026-11-23T10:00:00.010Z',
    method: 'GET',
    host: 'api.acme.test',
    path: '/v1/signups',
    credential: { shown: 'Bearer ••••', fingerprint: '0123abcd' },
    status: 200,
    caller: 'svc-bellhop',
    ...over,
  };
}

function bookOf(report: AcmeReport) {
  return createOriginBook({ ask: async () => report, now: () => Date.parse(AT) });
}

test('a request is joined to what its origin saw of it', async () => {
  const book = bookOf({ seen: [sighting('a')], hits: { 'api.acme.test': 1 } });
  const { origins, hits } = await book.match([event('1')]);
  expect(origins.get('1')).toEqual({ credential: 'Bearer ••••', fingerprint: '0123abcd', caller: 'svc-bellhop' });
  expect(hits).toEqual({ 'api.acme.test': 1 });
});

test('two like requests get one sighting each', async () => {
  const anonymous = sighting('b', { credential: null, caller: 'anonymous' });
  const book = bookOf({ seen: [sighting('a'), anonymous], hits: {} });
  const { origins } = await book.match([event('1'), event('2')]);
  expect([origins.get('1')?.caller, origins.get('2')?.caller]).toEqual(['svc-bellhop', 'anonymous']);
});

test('a blocked request, another path and another time have no sighting', async () => {
  const book = bookOf({ seen: [sighting('a')], hits: {} });
  const { origins } = await book.match([
    event('1', { outcome: 'blocked' }),
    event('2', { path: '/v1/other' }),
    event('3', { at: '2026-11-23T09:00:00.000Z' }),
  ]);
  expect(origins.size).toBe(0);
});

test('an outside world that does not answer leaves the origin unknown', async () => {
  const book = createOriginBook({ ask: () => Promise.reject(new Error('down')), now: () => 0 });
  expect((await book.match([event('1')])).origins.size).toBe(0);
});
