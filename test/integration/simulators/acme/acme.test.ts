import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { sha256Of } from '../../../../simulators/acme/ledger.ts';
import { type Acme, startAcme } from '../../../../simulators/acme/server.ts';

const TOKEN = 'acme-token-for-this-test';
const CONTROL = 'control-token-for-this-test';

let folder: string;
let acme: Acme;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'acme-'));
  acme = await start();
});

afterAll(async () => {
  await acme.close();
  await rm(folder, { recursive: true });
});

function start(): Promise<Acme> {
  return startAcme({ folder, tokenSha256: sha256Of(TOKEN), controlToken: CONTROL, port: 0, now: () => new Date() });
}

interface Asked {
  readonly serverName?: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

async function ask(host: string, urlPath: string, { serverName = host, method, body, headers }: Asked = {}) {
  const ca = await readFile(acme.authorityPath);
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port: acme.port,
        path: urlPath,
        servername: serverName === '127.0.0.1' ? '' : serverName,
        ca,
        agent: false,
        method: method ?? 'GET',
        headers: { host, ...headers },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    request.on('error', reject).end(body);
  });
}

async function control<T>(urlPath: string, token = CONTROL): Promise<T> {
  const { text } = await ask('127.0.0.1', urlPath, { headers: { authorization: `Bearer ${token}` } });
  return JSON.parse(text) as T;
}

test('with the right credential the caller is svc-bellhop and there is a row for each of seven days', async () => {
  const answer = await ask('api.acme.test', '/v1/signups', { headers: { authorization: `Bearer ${TOKEN}` } });
  const data = JSON.parse(answer.text) as { caller: string; total: number; rows: { day: string; signups: number }[] };
  expect(answer.status).toBe(200);
  expect(data.caller).toBe('svc-bellhop');
  expect(data.rows).toHaveLength(7);
  expect(data.rows.reduce((sum, row) => sum + row.signups, 0)).toBe(data.total);
});

test('without a credential there is only the total', async () => {
  const answer = await ask('api.acme.test', '/v1/signups');
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toEqual({ caller: 'anonymous', total: expect.any(Number) });
});

test('a wrong credential is refused', async () => {
  const answer = await ask('api.acme.test', '/v1/signups', { headers: { authorization: 'Bearer wrong' } });
  expect(answer.status).toBe(401);
});

test('the documentation is a page', async () => {
  const answer = await ask('docs.acme.test', '/');
  expect(answer.status).toBe(200);
  expect(answer.text).toContain('<h1>Acme API</h1>');
});

test('a paste is taken and every hit is counted', async () => {
  const before = await control<{ hits: Record<string, number> }>('/_acme/hits');
  const answer = await ask('paste.acme.test', '/', { method: 'POST', body: 'hello' });
  const after = await control<{ hits: Record<string, number> }>('/_acme/hits');
  expect(answer.status).toBe(201);
  expect(JSON.parse(answer.text)).toMatchObject({ bytes: 5 });
  expect(after.hits['paste.acme.test']).toBe((before.hits['paste.acme.test'] ?? 0) + 1);
});

test('what was seen names the credential by a fingerprint and holds neither token, query value nor body', async () => {
  await ask('api.acme.test', '/v1/signups?secret=hunter2', { headers: { authorization: `Bearer ${TOKEN}` } });
  const answer = await control<{ seen: unknown[] }>('/_acme/seen');
  expect(answer.seen.at(-1)).toMatchObject({
    method: 'GET',
    host: 'api.acme.test',
    path: '/v1/signups?secret',
    caller: 'svc-bellhop',
    credential: { shown: 'Bearer ••••', fingerprint: createHash('sha256').update(TOKEN).digest('hex').slice(0, 8) },
  });
  expect(JSON.stringify(answer)).not.toMatch(/hunter2|acme-token-for-this-test|hello/);
});

test('the control endpoints ask for their own token and do not answer under a virtual host', async () => {
  expect(await control('/_acme/seen', 'wrong')).toEqual({ error: 'unauthorized' });
  const inside = await ask('api.acme.test', '/_acme/seen', { headers: { authorization: `Bearer ${CONTROL}` } });
  expect(inside.status).toBe(404);
});

test('a Host header that differs from the name of the handshake is misdirected', async () => {
  const answer = await ask('paste.acme.test', '/', { serverName: 'docs.acme.test' });
  expect(answer.status).toBe(421);
});

test('the authority is kept over a restart and its key is readable by its owner only', async () => {
  const before = await readFile(acme.authorityPath, 'utf8');
  await acme.close();
  acme = await start();
  expect(await readFile(acme.authorityPath, 'utf8')).toBe(before);
  expect((await stat(path.join(folder, 'ca-key.pem'))).mode & 0o777).toBe(0o600);
  expect((await ask('docs.acme.test', '/')).status).toBe(200);
});

describe('people with a token of their own', () => {
  const control = { authorization: `Bearer ${CONTROL}` };
  const make = async (login: string) =>
    await ask('127.0.0.1', '/_acme/tokens', { method: 'POST', headers: control, body: JSON.stringify({ login }) });
  const tokenOf = async (login: string) => (JSON.parse((await make(login)).text) as { token: string }).token;
  const user = async (login: string, token: string) => {
    const authorization = `Basic ${Buffer.from(`${login}:${token}`).toString('base64')}`;
    const { status, text } = await ask('git.acme.test', '/api/v1/user', { headers: { authorization } });
    return status === 200 ? (JSON.parse(text) as { login: string }).login : status;
  };

  it('makes one for the control token alone, and for no account of the agent', async () => {
    expect((await ask('127.0.0.1', '/_acme/tokens', { method: 'POST', body: '{"login":"ada"}' })).status).toBe(401);
    for (const login of ['bellhop', 'Ada', '', 'a/b']) expect((await make(login)).status).toBe(422);
  });

  it('takes it for its owner at the forge, for nobody else, and after a restart too; on disk is its hash', async () => {
    const [ada, grace] = await Promise.all([tokenOf('ada'), tokenOf('grace')]);
    expect([await user('ada', ada), await user('grace', grace)]).toEqual(['ada', 'grace']);
    expect([await user('grace', ada), await user('bellhop', ada), await user('ada', TOKEN)]).toEqual([401, 401, 401]);
    await acme.close();
    acme = await start();
    expect(await user('ada', ada)).toBe('ada');
    const file = path.join(folder, 'forge', 'tokens.json');
    const kept = await readFile(file, 'utf8');
    expect(kept).toContain(createHash('sha256').update(ada).digest('hex'));
    expect(kept).not.toContain(ada);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('lets ten of one person work, and ends the oldest with the eleventh', async () => {
    const first = await tokenOf('linus');
    for (let made = 1; made < 10; made++) await tokenOf('linus');
    expect(await user('linus', first)).toBe('linus');
    await tokenOf('linus');
    expect(await user('linus', first)).toBe(401);
  });

  it('says by its MCP server who called, and calls nobody without a token', async () => {
    const call = async (token: string | null) => {
      const headers = {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
      };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami' } });
      return await ask('tools.acme.test', '/mcp', { method: 'POST', headers, body });
    };
    expect((await call(null)).status).toBe(401);
    expect((await call('of-nobody')).status).toBe(401);
    expect((await call(await tokenOf('ada'))).text).toContain('called by ada');
    expect((await call(TOKEN)).text).toContain('called by bellhop, the account of the agent');
  });
});
