import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import type { Accounts } from '../accounts.ts';
import { answerByGit } from './git-backend.ts';
import { createPulls, type Pull } from './pulls.ts';
import { seedRepository } from './seed.ts';

export const FORGE_HOST = 'git.acme.test';

const REPOSITORY = 'acme/shop';
const MAX_BODY = 65_536;
const API = `/api/v1/repos/${REPOSITORY}`;

export interface ForgeOptions {
  /** Where repositories and pull requests are kept. */
  readonly folder: string;
  readonly accounts: Pick<Accounts, 'ownerOf' | 'idOf'>;
}

/** How a request was answered, for the ledger. */
export interface ForgeAnswer {
  readonly status: number;
  readonly caller: string | null;
}

export interface Forge {
  answer(request: IncomingMessage, response: ServerResponse): Promise<ForgeAnswer>;
  /** Oldest first. */
  pulls(): Promise<readonly Pull[]>;
}

/**
 * The demo's git server: one private repository by git's own server, and the part of Gitea's API that makes and lists
 * pull requests. It asks for a login with a token of its own (HTTP Basic, RFC 7617): that of the agent, or that of a person.
 */
export async function startForge({ folder, accounts }: ForgeOptions): Promise<Forge> {
  const root = path.join(folder, 'repositories');
  // A machine without git still has the rest of the demo; this host then says what is missing.
  const missing = await seedRepository(root).then(
    () => null,
    (error: Error) => error.message,
  );
  const pulls = createPulls({
    repository: path.join(root, `${REPOSITORY}.git`),
    file: path.join(folder, 'pulls.json'),
    url: `https://${FORGE_HOST}/${REPOSITORY}`,
  });

  async function answerApi(
    request: IncomingMessage,
    response: ServerResponse,
    local: string,
    login: string,
  ): Promise<number> {
    const body = await readText(request);
    if (body === null) return send(response, 413, { message: 'the body is too large' });
    if (local === '' && request.method === 'GET') {
      return send(response, 200, { full_name: REPOSITORY, private: true, default_branch: 'main' });
    }
    if (local === '/pulls' && request.method === 'GET') return send(response, 200, await pulls.list());
    if (local === '/pulls' && request.method === 'POST') {
      const created = await pulls.create(body, login);
      return send(response, created.status, created.body);
    }
    const [, number] = /^\/pulls\/([1-9][0-9]*)$/.exec(local) ?? [];
    const found = number && (await pulls.list()).find((pull) => pull.number === Number(number));
    if (found && request.method === 'GET') return send(response, 200, found);
    return send(response, 404, { message: 'not found' });
  }

  return {
    pulls: () => pulls.list(),
    async answer(request, response) {
      const [target = '/', query = ''] = (request.url ?? '/').split('?', 2);
      if (missing) return { status: send(response, 503, { message: missing }), caller: null };
      const login = loginOf(request.headers.authorization, accounts);
      if (login === null) {
        response.setHeader('www-authenticate', 'Basic realm="acme"');
        return { status: send(response, 401, { message: 'a login is needed' }), caller: null };
      }
      if (target === '/api/v1/version') {
        return { status: send(response, 200, { version: 'simulated, like Gitea 1.24' }), caller: login };
      }
      if (target === '/api/v1/user' && request.method === 'GET') {
        const account = { id: accounts.idOf(login), login, full_name: login, email: `${login}@acme.test` };
        return { status: send(response, 200, account), caller: login };
      }
      if (target === API || target.startsWith(`${API}/`)) {
        return { status: await answerApi(request, response, target.slice(API.length), login), caller: login };
      }
      if (target.startsWith(`/${REPOSITORY}.git/`)) {
        const status = await answerByGit({ root, request, response, path: target, query, user: login });
        return { status, caller: login };
      }
      return { status: send(response, 404, { message: 'not found' }), caller: login };
    },
  };
}

/** Null for nobody. */
function loginOf(authorization: string | undefined, accounts: Pick<Accounts, 'ownerOf'>): string | null {
  const [, encoded = ''] = /^Basic ([A-Za-z0-9+/=]+)$/.exec(authorization ?? '') ?? [];
  const [login, token = ''] = Buffer.from(encoded, 'base64').toString().split(':', 2);
  return login !== undefined && accounts.ownerOf(token) === login ? login : null;
}

/** Null for more than 64 KiB. */
async function readText(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY) chunks.push(chunk);
  }
  return bytes > MAX_BODY ? null : Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, value: unknown): number {
  const body = `${JSON.stringify(value, null, 2)}\n`;
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
  return status;
}
