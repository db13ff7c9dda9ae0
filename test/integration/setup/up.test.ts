import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import type { SetupState } from '../../../contracts/setup-state.ts';
import { type RunningUp, startUp } from '../../support/running-up.ts';
import { until } from '../../support/until.ts';

const CLI = path.join(import.meta.dirname, '../../../cli/main.ts');

describe('bellhop up', () => {
  let up: RunningUp;
  beforeAll(async () => {
    up = await startUp();
  }, 200_000);
  afterAll(async () => {
    await up[Symbol.asyncDispose]();
  });

  const state = async () => JSON.parse(await readFile(path.join(up.home, 'setup.json'), 'utf8')) as SetupState;
  const bellhop = async (...args: string[]) => {
    const { PATH = '', HOME = '' } = process.env;
    const run = promisify(execFile)(process.execPath, [CLI, ...args], { env: { PATH, HOME, BELLHOP_HOME: up.home } });
    return await run.then(
      ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        said: error.stdout + error.stderr,
      }),
    );
  };

  it('has done every step, each with its time, and runs every process on its own', async () => {
    const { steps, processes } = await state();
    expect(steps.map(({ id, state: each }) => [id, each])).toEqual(steps.map(({ id }) => [id, 'done']));
    expect(steps.every(({ ms, detail }) => ms !== undefined && detail)).toBe(true);
    const names = [
      'page',
      'slack-simulator',
      'model-simulator',
      'acme',
      'postgres',
      'temporal',
      'proxy',
      'gateway',
      'agent',
      'runner',
    ];
    expect(processes.map(({ name }) => name).sort()).toEqual(names.sort());
    expect(new Set(processes.map(({ pid }) => pid)).size).toBe(names.length);
  });

  it('gives each process only what it needs', async () => {
    const { processes } = await state();
    const holders = async (pattern: RegExp) => {
      const found = await Promise.all(
        processes.map(async ({ name, pid }) =>
          pattern.test(await readFile(`/proc/${pid}/environ`, 'utf8')) ? [name] : [],
        ),
      );
      return found.flat().sort();
    };
    expect(await holders(/SLACK_BOT_TOKEN=/)).toEqual(['gateway', 'slack-simulator']);
    expect(await holders(/ANTHROPIC_API_KEY=/)).toEqual(['agent']);
    expect(await holders(/ACME_TOKEN=/)).toEqual([]);
    expect(await holders(/BELLHOP_KEY_FILE=/)).toEqual(['proxy']);
    expect(await holders(/BELLHOP_DATABASE_URL=/)).toEqual(['agent', 'gateway', 'proxy', 'runner']);
    const urls = await Promise.all(
      ['agent', 'gateway', 'proxy', 'runner'].map(async (role) => await holders(new RegExp(`_${role}:`))),
    );
    expect(urls).toEqual([['agent'], ['gateway'], ['proxy'], ['runner']]);
  });

  it('says that it runs already when it is started again', async () => {
    const { pid } = await state();
    const again = await bellhop('up');
    expect(again).toEqual({ code: 1, said: expect.stringContaining(`already running here (process ${pid})`) });
    expect(again.said).not.toMatch(/at .*\.ts:\d+/);
  });

  it('answers status and doctor', async () => {
    expect((await bellhop('status')).said).toMatch(/alive +0 of 60 sandboxes/);
    const doctor = await bellhop('doctor', '--json');
    expect(JSON.parse(doctor.said)).toContainEqual(expect.objectContaining({ id: 'running', state: 'ok' }));
    expect(doctor.code).toBe(0);
  });

  it('refuses to reset what runs', async () => {
    expect(await bellhop('reset', '--yes')).toEqual({ code: 1, said: expect.stringContaining('Bellhop is running') });
  });

  it('kills the worker on request and starts it again', async () => {
    const { control, processes } = await state();
    const before = processes.find(({ name }) => name === 'agent');
    expect(await post(control, '/processes/agent/kill')).toBe(202);
    expect(await post(control, '/processes/nobody/kill')).toBe(404);
    await until(async () => {
      const now = (await state()).processes.find(({ name }) => name === 'agent');
      return now?.state === 'running' && now.pid !== before?.pid && now.restarts === 1;
    }, 'the next worker');
  });

  it('stops at Ctrl-C with nothing left running', async () => {
    expect(await up.stop()).toBe(0);
    expect(await up.leftovers()).toEqual([]);
    expect((await state()).processes.map(({ state: each }) => each)).toEqual(
      Array.from({ length: 10 }, () => 'stopped'),
    );
    expect(await bellhop('status')).toEqual({ code: 1, said: expect.stringContaining('bellhop up') });
  });

  it('is removed by reset, with its containers and volumes', async () => {
    const { installation } = await state();
    expect((await bellhop('reset', '--yes')).code).toBe(0);
    const filter = ['--quiet', '--filter', `label=bellhop.installation=${installation}`];
    const left = await Promise.all([
      promisify(execFile)('docker', ['ps', '--all', ...filter]),
      promisify(execFile)('docker', ['volume', 'ls', ...filter]),
    ]);
    expect(left.map(({ stdout }) => stdout)).toEqual(['', '']);
    expect((await bellhop('reset', '--yes')).said).toMatch('Nothing to remove');
  });
});

function post(socketPath: string, url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath, path: url, method: 'POST' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject).end();
  });
}
