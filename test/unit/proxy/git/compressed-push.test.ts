/** The memory of compressed pushes, over real connections: what they uncompress to counts as what was read does. */
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createCommitMemory } from '../../../../proxy/git/commit-memory.ts';
import { FLUSH, packet } from '../../../../proxy/git/pkt-line.ts';
import { readPush } from '../../../../proxy/git/push-content.ts';
import { createBodyBudget } from '../../../../proxy/request/body-budget.ts';
import { createRequestBody } from '../../../../proxy/request/request-body.ts';
import { until } from '../../../support/until.ts';
import { allGivenBack } from '../support/all-given-back.ts';

const MB = 1024 * 1024;
const PUSH = Buffer.concat([
  packet(`${'0'.repeat(40)} ${'a'.repeat(40)} refs/heads/bellhop/x\0report-status\n`),
  FLUSH,
  Buffer.alloc(7 * MB),
]);

test('many compressed pushes hold no more than the limit of buffered bodies, and give all of it back', async () => {
  const budget = createBodyBudget();
  /** What every push that was read holds until its answer is over. */
  const held: number[] = [];
  const refused: string[] = [];
  const server = createServer((request, response) => {
    const body = createRequestBody(response, {
      waits: false,
      silenceMs: 5_000,
      reserve: (bytes) => budget.take('s1', bytes),
    });
    void readPush(body, ['gzip'], createCommitMemory(), true).then(
      (read) => held.push('refused' in read ? 0 : (read.body?.length ?? 0)),
      (error: { code: string }) => {
        refused.push(error.code);
        response.end();
      },
    );
    request.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const compressed = gzipSync(PUSH);
  const clients = Array.from({ length: 30 }, () => {
    const sent = send({ port: (server.address() as AddressInfo).port, method: 'POST' });
    sent.on('error', () => {});
    sent.end(compressed);
    return sent;
  });
  try {
    await until(() => held.length + refused.length === 30);
    expect(held.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(64 * MB);
    expect(held.filter((bytes) => bytes === PUSH.length).length).toBeGreaterThan(3);
    expect(new Set(refused)).toEqual(new Set(['too_many_requests']));

    for (const client of clients) client.destroy();
    await allGivenBack(budget, 's1', 64 * MB);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
