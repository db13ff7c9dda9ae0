import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Pull } from '../../simulators/acme/forge/pulls.ts';
import { bellhopCommand } from '../support/installation/command-line.ts';
import { type Installation, startInstallation } from '../support/installation/installation.ts';
import { toolSteps, waitForTurn } from '../support/installation/turns.ts';

const SCENARIO = path.join(import.meta.dirname, '../../demo/scenarios/6-fix-a-deploy-test.txt');
const run = promisify(execFile);

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

/** What git says of the repository on the simulated host itself. */
async function atTheHost(...args: readonly string[]): Promise<string> {
  const folder = path.join(bellhop.home, 'acme', 'forge', 'repositories', 'acme', 'shop.git');
  const { stdout } = await run('git', ['-C', folder, '-c', 'safe.directory=*', ...args]);
  return stdout.trim();
}

test('a failing deploy test is mended up to a draft pull request, and main stays as it was', async () => {
  const before = await atTheHost('rev-parse', 'main');
  const script = (await readFile(SCENARIO, 'utf8')).replace(/^#.*\n/gm, '');
  const mention = await bellhop.slack.post('ada', 'platform-eng', `@bellhop\n${script}`);
  expect(await waitForTurn(bellhop, mention, 1, 120_000)).toMatchObject({ state: 'answered' });

  const steps = await toolSteps(bellhop, mention);
  const outputs = steps.map(({ output }) => output ?? '');
  expect(outputs[0]).toContain('test_a_quarter_off');
  expect(steps.map(({ exitCode }) => exitCode)).toEqual([1, 0, 0, 0, 1]);
  expect(outputs[4]).toMatch(/main may not be changed, only bellhop/);

  const branches = (await atTheHost('branch', '--format=%(refname:short)')).split('\n');
  expect(branches).toEqual([expect.stringMatching(/^bellhop\/discount-\d{6}$/), 'main']);
  expect(await atTheHost('rev-parse', 'main')).toBe(before);
  const file = path.join(bellhop.home, 'acme', 'forge', 'pulls.json');
  const [pull] = JSON.parse(await readFile(file, 'utf8')) as Pull[];
  expect(pull).toMatchObject({ number: 1, draft: true, head: { ref: branches[0] }, base: { ref: 'main' } });

  const { out } = await bellhopCommand(bellhop, ['egress', mention.channel, mention.ts]);
  expect(out).toMatch(/acme\/shop/);
  expect(out).not.toContain(bellhop.canary);
}, 180_000);
