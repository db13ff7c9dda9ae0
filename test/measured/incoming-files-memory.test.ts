import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createTestDatabase } from '../support/database.ts';
import { plainEnvironment } from '../support/plain-environment.ts';

const MESSAGES = 8;
const FILES = 5;
const BYTES = 10 * 1024 * 1024;
/** What docs/architecture.md states. Most of it is memory that Node.js has not collected yet; 400 MB come. */
const MOST_GROWTH = 150 * 1024 * 1024;

test('however many files come at once, the gateway holds only pieces of some of them, and every file arrives whole', async () => {
  await using db = await createTestDatabase();
  const piece = Buffer.alloc(64 * 1024, 'x');
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    let left = BYTES;
    const write = (): void => {
      while (left > 0) {
        left -= piece.length;
        if (!response.write(piece)) {
          response.once('drain', write);
          return;
        }
      }
      response.end();
    };
    write();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const file = path.join(import.meta.dirname, '..', 'support', 'children', 'fetch-files.ts');
    const env = {
      ...plainEnvironment(),
      DATABASE_URL: db.url,
      API_URL: `http://127.0.0.1:${port}/api/`,
      MESSAGES: String(MESSAGES),
      FILES: String(FILES),
    };
    const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    const { taken, growth } = JSON.parse(output) as { taken: number; growth: number };
    expect(taken).toBe(MESSAGES * FILES);
    expect(growth).toBeLessThan(MOST_GROWTH);
    const { rows } = await db.database.query(
      `select count(*)::int as files, min(size)::int as least, max(size)::int as most,
         (select sum(length(bytes))::bigint from file_chunk)::text as bytes from file`,
    );
    expect(rows[0]).toEqual({
      files: MESSAGES * FILES,
      least: BYTES,
      most: BYTES,
      bytes: String(MESSAGES * FILES * BYTES),
    });
  } finally {
    server.close();
  }
}, 120_000);
