import { PassThrough } from 'node:stream';
import { effectiveAccess } from '../../../access/effective-access.ts';
import type { Injection } from '../../../proxy/credentials/injection.ts';
import { beginExchange } from '../../../proxy/events/exchange.ts';
import { createForgeGate } from '../../../proxy/git/forge-gate.ts';
import type { Lease } from '../../../proxy/lease/lease-table.ts';
import type { Client } from '../../../proxy/listener/client.ts';
import { createAdmission } from '../../../proxy/request/admission.ts';
import { createAnswerMasks } from '../../../proxy/request/answer-mask.ts';
import { createBodyBudget } from '../../../proxy/request/body-budget.ts';
import { createJudge } from '../../../proxy/request/judge-request.ts';
import { createSender } from '../../../proxy/request/send-request.ts';
import { connection, documentOf, domain } from '../../support/access-document.ts';

const SCOPE = 'channel:T1:C1';
const clock = { now: () => 0 };
const leaseOf = (turn: number) =>
  ({ request: { scope: SCOPE, epoch: { turn, attempt: 1 } }, denials: [] }) as unknown as Lease;
const accessWith = (attached: Parameters<typeof documentOf>[0][typeof SCOPE]) =>
  effectiveAccess(documentOf({ [SCOPE]: attached }), SCOPE);

/** A request whose credential is being opened, until `opened` is resolved. */
function opening() {
  const opened = Promise.withResolvers<Injection>();
  const now = {
    access: accessWith({ connections: [connection('gh', 'api.a.test')] }),
    lease: leaseOf(1),
    begun: 0,
  };
  const socket = new PassThrough();
  const client: Client = {
    sandbox: 's1',
    socket,
    direct: false,
    lease: null,
    server: null,
    tunnel: { host: 'api.a.test' as never, port: 443 },
    underWay: 1,
    idleSince: null,
    reading: null,
    broken: false,
  };
  const admission = createAdmission({
    leases: { current: () => now.lease },
    clients: { isOver: () => false },
    isDraining: () => false,
  });
  const judge = createJudge({
    policy: { accessTo: () => now.access, confirmForInjection: () => {} },
    personal: { heldBy: () => null },
    injector: { prepare: () => opened.promise, author: async () => null, clear: () => {} },
    forgeGate: createForgeGate(),
  });
  const sender = createSender({
    personal: { heldBy: () => null },
    admission,
    judge,
    // Whatever is sent begins with an event: nothing gets further than this.
    pools: {} as never,
    recorder: {
      begin: () => {
        now.begun += 1;
        throw new Error('begun');
      },
      finish: () => {},
    },
    clock,
    bodySilenceMs: 1,
    bodies: createBodyBudget(),
    masks: createAnswerMasks(),
  });
  const exchange = beginExchange(client, clock);
  exchange.method = 'GET';
  const headers = [['host', 'api.a.test']] as const;
  const judging = judge.judge(exchange, {
    head: { method: 'GET', target: '/x', headers, host: 'api.a.test', framing: { kind: 'none' } },
    target: { authority: { host: 'api.a.test' as never, port: 443 }, path: '/x', rawPath: '/x', query: '' },
    lease: admission.admit(client),
    expectation: null,
    body: { goOn: () => {} } as never,
    signal: new AbortController().signal,
  });
  const sent = judging.then((judged) => sender.send(exchange, judged, {} as never));
  return {
    now,
    sent,
    open: () => opened.resolve({ way: 'headers', headers: [{ name: 'authorization', value: 'Bearer x' }], hidden: [] }),
  };
}

test('a request that is still allowed when its credential is open is sent', async () => {
  const { now, sent, open } = opening();
  open();
  await expect(sent).rejects.toThrow('begun');
  expect(now.begun).toBe(1);
});

test('a rule that is taken away while its credential is being opened attaches nothing any more', async () => {
  const { now, sent, open } = opening();
  now.access = accessWith({ domains: [domain('api.a.test')] });
  open();
  await expect(sent).rejects.toMatchObject({ code: 'policy_changed' });
  expect(now.begun).toBe(0);
});

test('a credential that was sealed again meanwhile is not another rule', async () => {
  const { now, sent, open } = opening();
  now.access = accessWith({ connections: [connection('gh', 'api.a.test', { credentialVersion: 9 })] });
  open();
  await expect(sent).rejects.toThrow('begun');
});

test('a request whose turn ends while its credential is being opened goes nowhere', async () => {
  const { now, sent, open } = opening();
  now.lease = leaseOf(2);
  open();
  await expect(sent).rejects.toMatchObject({ code: 'lease_ended' });
  expect(now.begun).toBe(0);
});
