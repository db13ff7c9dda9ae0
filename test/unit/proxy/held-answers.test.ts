/** The memory of answers that are read before the sandbox gets them, over real connections. */
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { type AttemptEnd, attempt } from '../../../proxy/request/attempt.ts';
import { createBodyBudget } from '../../../proxy/request/body-budget.ts';
import { until } from '../../support/until.ts';
import { allGivenBack } from './support/all-given-back.ts';

const MB = 1024 * 1024;

test.each([
  ['that must be read are refused', false],
  ['that may pass unread pass unread', true],
])('when there is no memory for more, answers %s, and all of it is given back', async (_, mayPassUnread) => {
  const budget = createBodyBudget();
  const begun: number[] = [];
  const ends: AttemptEnd[] = [];
  // Begins its answers and does not end them.
  const host = createServer((_request, response) => response.write('x')).listen(0, '127.0.0.1');
  await once(host, 'listening');
  const pool = new Pool(`http://127.0.0.1:${(host.address() as AddressInfo).port}`);
  const server = createServer((_request, response) => {
    const answer = { maxBytes: 4 * MB, mayPassUnread, isWanted: () => true, read: (body: Buffer) => body };
    void attempt({
      ...{
        method: 'GET',
        outgoing: { target: '/', headers: [], headBytes: 0, hidden: [] },
        body: null,
        response,
        answer,
      },
      mask: null,
      hiddenMember: null,
      dispatch: (options, handler) => pool.dispatch(options, handler),
      reserve: (bytes) => budget.take('s1', bytes),
      onStart: () => {},
      instead: () => null,
      onAnswer: () => begun.push(0),
      onData: () => {},
    }).then((end) => ends.push(end));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  let heads = 0;
  const clients = Array.from({ length: 20 }, () => {
    const sent = send({ port: (server.address() as AddressInfo).port }, () => (heads += 1));
    sent.on('error', () => {});
    sent.end();
    return sent;
  });
  try {
    await until(() => begun.length + ends.length === 20 && heads === (mayPassUnread ? 4 : 0));
    // 64 MB for a sandbox are 16 answers of 4 MB.
    expect(() => budget.take('s1', 1)).toThrow(expect.objectContaining({ code: 'too_many_requests' }));
    expect(ends).toHaveLength(mayPassUnread ? 0 : 4);
    for (const end of ends) expect(end).toMatchObject({ kind: 'failed', error: { code: 'too_many_requests' } });

    for (const client of clients) client.destroy();
    await allGivenBack(budget, 's1', 64 * MB);
  } finally {
    server.closeAllConnections();
    server.close();
    host.closeAllConnections();
    host.close();
    await pool.destroy();
  }
});
