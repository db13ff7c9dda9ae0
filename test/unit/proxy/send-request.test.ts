import { PassThrough } from 'node:stream';
import { effectiveAccess } from '../../../access/effective-access.ts';
import type { HeldConnection } from '../../../access/personal-access.ts';
import type { Injection } from '../../../proxy/credentials/injection.ts';
import { beginExchange } from '../../../proxy/events/exchange.ts';
import { createForgeGate } from '../../../proxy/git/forge-gate.ts';
import type { Lease } from '../../../proxy/lease/lease-table.ts';
import type { Client } from '../../../proxy/listener/client.ts';
import { Refusal } from '../../../proxy/refusal.ts';
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
function opening(attached = connection('gh', 'api.a.test')) {
  const opened = Promise.withResolvers<Injection>();
  const now = {
    access: accessWith({ connections: [attached] }),
    lease: leaseOf(1),
    begun: 0,
    held: null as Promise<readonly HeldConnection[]> | null,
  };
  const personal = { heldBy: () => now.held };
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
    policy: { accessTo: () => now.access, wholeAccess: () => now.access, confirmForInjection: () => {} },
    personal,
    injector: { prepare: () => opened.promise, author: async () => null, clear: () => {} },
    forgeGate: createForgeGate(),
  });
  const sender = createSender({
    onAnswer: () => {},
    personal,
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
    sender,
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

describe('a connection of a person', () => {
  const OWN = connection('personal/gitea', 'api.a.test', { owner: 'person:T1:UADA', credentialVersion: 3 });
  const HELD: HeldConnection = { connection: 'gitea', version: 3 };
  const openingOwn = () => {
    const own = opening(OWN);
    own.now.held = Promise.resolve([HELD]);
    return own;
  };

  test('that is still there when its credential is open is used', async () => {
    const { sent, open } = openingOwn();
    open();
    await expect(sent).rejects.toThrow('begun');
  });

  test.each<[string, readonly HeldConnection[] | null]>([
    ['was removed', []],
    ['was removed, and nothing is offered any more', null],
    ['was entered anew', [{ ...HELD, version: 4 }]],
  ])('that %s while its body was read is not used any more', async (_what, held) => {
    const { now, sent, sender, open } = openingOwn();
    // The judge has taken what is held. Nothing is under way yet that a look at removals could end.
    await new Promise(setImmediate);
    now.held = held && Promise.resolve(held);
    await sender.recheckPeople();
    open();
    await expect(sent).rejects.toMatchObject({ code: 'policy_changed' });
    expect(now.begun).toBe(0);
  });

  test('that cannot be looked up when its credential is open is not used', async () => {
    const { now, sent, open } = openingOwn();
    await new Promise(setImmediate);
    now.held = Promise.reject(new Refusal('policy_stale', 'What you have connected cannot be confirmed.'));
    now.held.catch(() => {});
    open();
    await expect(sent).rejects.toMatchObject({ code: 'policy_stale' });
    expect(now.begun).toBe(0);
  });

  test('that is removed during the last look is found by the look at removals', async () => {
    const { now, sent, sender, open } = openingOwn();
    await new Promise(setImmediate);
    const last = Promise.withResolvers<readonly HeldConnection[]>();
    now.held = last.promise;
    open();
    await new Promise(setImmediate);
    now.held = Promise.resolve([]);
    await sender.recheckPeople();
    last.resolve([HELD]);
    await expect(sent).rejects.toMatchObject({ code: 'policy_changed' });
    expect(now.begun).toBe(0);
  });
});
