import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'undici';
import { sha256Of } from '../../../../simulators/acme/ledger.ts';
import { type Acme, startAcme } from '../../../../simulators/acme/server.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts';

const TOKEN = 'acme-token-for-this-test';
const LOGIN = `Basic ${Buffer.from(`bellhop:${TOKEN}`).toString('base64')}`;
const run = promisify(execFile);

let folder: TemporaryFolder;
let acme: Acme;

beforeAll(async () => {
  folder = await temporaryFolder();
  const options = { tokenSha256: sha256Of(TOKEN), controlToken: 'control-token-for-this-test', port: 0 };
  acme = await startAcme({ folder: path.join(folder.path, 'acme'), ...options, now: () => new Date() });
});

afterAll(async () => {
  await acme?.close();
  await folder?.[Symbol.asyncDispose]();
});

/** Real git, led to the simulated host by its own setting for names (`curloptResolve`). */
function git(cwd: string, args: readonly string[], login = LOGIN) {
  const settings = {
    'http.curloptResolve': `git.acme.test:${acme.port}:127.0.0.1`,
    'http.sslCAInfo': acme.authorityPath,
    'http.extraHeader': `Authorization: ${login}`,
    'user.name': 'Ada',
    'user.email': 'ada@acme.test',
    'http.proxy': '',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const env = { PATH: process.env.PATH, HOME: folder.path, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1' };
  return run('git', [...options, ...args], { cwd, env });
}

async function api(method: 'GET' | 'POST', at: string, body?: unknown) {
  const client = new Client(`https://127.0.0.1:${acme.port}`, {
    connect: { ca: await readFile(acme.authorityPath, 'utf8'), servername: 'git.acme.test' },
  });
  try {
    const answer = await client.request({
      method,
      path: `/api/v1/repos/acme/shop${at}`,
      headers: { host: 'git.acme.test', authorization: LOGIN },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, unknown> };
  } finally {
    await client.close();
  }
}

test('a failing test is cloned, mended and pushed with real git, and a pull request is opened once', async () => {
  const url = `https://git.acme.test:${acme.port}/acme/shop.git`;
  const here = path.join(folder.path, 'shop');
  await git(folder.path, ['clone', '--quiet', url, here]);
  await expect(run('python3', ['deploy_test.py'], { cwd: here })).rejects.toThrow(/test_a_quarter_off/);

  const file = path.join(here, 'total.py');
  await writeFile(file, (await readFile(file, 'utf8')).replace('discount / 100', 'discount'));
  await run('python3', ['deploy_test.py'], { cwd: here });
  await git(here, ['checkout', '--quiet', '-b', 'bellhop/discount']);
  await git(here, ['commit', '--quiet', '-am', 'Take the discount as a fraction']);
  const wish = { title: 'WIP: Take the discount as a fraction', head: 'bellhop/discount', base: 'main' };
  expect(await api('POST', '/pulls', wish)).toMatchObject({ status: 404 });
  await git(here, ['push', '--quiet', 'origin', 'HEAD']);

  expect(await api('POST', '/pulls', wish)).toMatchObject({ status: 201, body: { number: 1, draft: true } });
  expect(await api('POST', '/pulls', wish)).toMatchObject({ status: 409 });
  expect(await api('POST', '/pulls', { title: 'x' })).toMatchObject({ status: 422 });
  expect(await api('GET', '/pulls/1')).toMatchObject({ status: 200, body: { head: { ref: 'bellhop/discount' } } });
});

test('without the right login git gets nothing', async () => {
  const url = `https://git.acme.test:${acme.port}/acme/shop.git`;
  const wrong = `Basic ${Buffer.from('bellhop:wrong').toString('base64')}`;
  await expect(git(folder.path, ['clone', url, 'other'], wrong)).rejects.toThrow(/could not read Username/);
});
