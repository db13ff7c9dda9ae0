import type { FastifyInstance } from 'fastify';
import { readArguments } from '../api/arguments.ts';
import type { Faults } from '../faults.ts';
import { APP } from '../world/workspace.ts';
import type { World } from '../world/world.ts';
import type { FileStore } from './file-store.ts';

export interface FileRouteDependencies {
  readonly world: World;
  readonly files: FileStore;
  readonly isBotToken: (token: string) => boolean;
  readonly faults: Pick<Faults, 'missingScopes'>;
}

/** A browser, or a token without the right, gets this instead of a file. The status is 200, as with Slack. */
const LOGIN_PAGE = `<!DOCTYPE html><html lang="en"><head><title>Sign in | Slack (simulator)</title></head>
<body><h1>Sign in to Acme</h1><p>This file needs the bot's token in the Authorization header.</p></body></html>`;

/** Upload addresses and downloads (docs.slack.dev/messaging/working-with-files). */
export function registerFileRoutes(server: FastifyInstance, dependencies: FileRouteDependencies): void {
  const { world, files, isBotToken, faults } = dependencies;

  server.post<{ Params: { ticket: string } }>('/upload/v1/:ticket', async (request, reply) => {
    const contentType = request.headers['content-type'] ?? '';
    const body = request.body instanceof Buffer ? request.body : Buffer.alloc(0);
    const bytes = contentType.startsWith('multipart/form-data') ? await onlyFile(body, contentType) : body;
    if (!files.receive(request.params.ticket, bytes)) {
      return reply
        .code(400)
        .type('text/plain')
        .send('The upload address is not valid, or the length is not as announced.');
    }
    return reply.type('text/plain').send(`OK - ${bytes.length}`);
  });

  for (const path of ['/files-pri/:ids/:name', '/files-pri/:ids/download/:name']) {
    server.get<{ Params: { ids: string } }>(path, (request, reply) => {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      const id = request.params.ids.split('-')[1] ?? '';
      const file = world.files.get(id);
      const bytes = world.bytes.get(id);
      const allowed = isBotToken(token) && APP.scopes.includes('files:read') && !faults.missingScopes.has('files:read');
      const inReach =
        file?.user === APP.userId ||
        file?.shares.some((share) => world.channel(share.channel)?.members.includes(APP.userId));
      if (!allowed || !file || !bytes || !inReach) return reply.type('text/html; charset=utf-8').send(LOGIN_PAGE);
      if (path.includes('download')) reply.header('content-disposition', 'attachment');
      return reply.type(file.mimetype).send(bytes);
    });
  }
}

async function onlyFile(body: Buffer, contentType: string): Promise<Buffer> {
  const parts = Object.values(await readArguments(body, contentType, {}));
  const file = parts.find((part) => part instanceof Blob);
  return file === undefined ? Buffer.alloc(0) : Buffer.from(await file.arrayBuffer());
}
