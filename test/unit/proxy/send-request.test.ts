import type { ServerResponse } from 'node:http';
import type { Exchange } from '../../../proxy/events/exchange.ts';
import type { Lease } from '../../../proxy/lease/lease-table.ts';
import type { JudgedRequest } from '../../../proxy/request/judge-request.ts';
import { createSender, type SenderOptions } from '../../../proxy/request/send-request.ts';

const LEASE = {} as Lease;
const JUDGED = { lease: LEASE } as JudgedRequest;
const nothing = (): never => {
  throw new Error('something was sent or recorded');
};

/** Opening a credential takes a while: this is what has become of the request by then. */
function sendAfter({ lease = LEASE, stillHolds = true, fault = null as Exchange['fault'] }): Promise<void> {
  const sender = createSender({
    admission: { admit: () => lease } as unknown as SenderOptions['admission'],
    judge: { stillHolds: () => stillHolds },
    pools: { get: nothing } as unknown as SenderOptions['pools'],
    recorder: { begin: nothing, finish: nothing } as unknown as SenderOptions['recorder'],
    clock: { now: () => 0 },
    bodySilenceMs: 1_000,
  });
  return sender.send({ fault, client: {} } as Exchange, JUDGED, {} as ServerResponse);
}

test('a request whose rule was taken away while its credential was opened is not sent', async () => {
  await expect(sendAfter({ stillHolds: false })).rejects.toMatchObject({ code: 'policy_changed' });
});

test('a request whose turn ended, and another began, meanwhile is not sent', async () => {
  await expect(sendAfter({ lease: {} as Lease })).rejects.toMatchObject({ code: 'lease_ended' });
});
