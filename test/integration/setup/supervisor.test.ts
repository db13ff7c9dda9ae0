import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import readline from 'node:readline';
import type { ChildSpec } from '../../../workers/up/child-spec.ts';
import { guarded } from '../../../workers/up/guarded-program.ts';
import { recordChild, stopLeftovers } from '../../../workers/up/leftovers.ts';
import { createSupervisor, type Supervisor } from '../../../workers/up/supervisor.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

const CHILDREN = path.join(import.meta.dirname, '../../support/children');
const env = { PATH: process.env.PATH ?? '' };

function child(kind: string, rest: Partial<ChildSpec> = {}): ChildSpec {
  const script = path.join(CHILDREN, `${kind}.ts`);
  return { name: kind, script, env, readiness: 'line', readyWithinMs: 10_000, stopWithinMs: 5_000, ...rest };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the supervisor', () => {
  let folder: TemporaryFolder;
  let supervisor: Supervisor;
  let events: string[];

  beforeEach(async () => {
    folder = await temporaryFolder();
    events = [];
    const children = path.join(folder.path, 'children');
    await mkdir(children);
    const log = (event: string, fields: Record<string, unknown>) => events.push(`${fields.process} ${event}`);
    supervisor = createSupervisor({ logs: folder.path, children, onChange: () => {}, log });
  });
  afterEach(async () => {
    await supervisor.stopAll();
    await folder[Symbol.asyncDispose]();
  });

  it('returns the ready line and keeps what the child writes in its log', async () => {
    const line = await supervisor.start(child('steady'));
    const [view] = supervisor.view();
    expect(line).toEqual({ ready: 'steady', pid: view?.pid });
    expect(view).toMatchObject({ name: 'steady', state: 'running', restarts: 0 });
    expect(await readFile(supervisor.logFile('steady'), 'utf8')).toContain('"environment":["PATH"]');
  });

  it('starts a killed process again, with longer pauses while it goes on', async () => {
    await supervisor.start(child('steady'));
    const runsAgain = async (restarts: number) => {
      await until(async () => {
        const [view] = supervisor.view();
        return view?.restarts === restarts && view.state === 'running';
      }, `restart ${restarts}`);
    };
    const times: number[] = [];
    for (const restarts of [1, 2, 3]) {
      const killed = supervisor.view()[0]?.pid;
      const start = performance.now();
      expect(supervisor.kill('steady')).toBe(true);
      // Until there is a process again: how long it takes to get ready is the machine's.
      await until(() => ![killed, null].includes(supervisor.view()[0]?.pid ?? null), 'the next process');
      times.push(performance.now() - start);
      await runsAgain(restarts);
    }
    // Each pause is twice the one before. What a busy machine adds to a time says nothing of the pause in it.
    for (const [n, pause] of [250, 500, 1_000].entries()) expect(times[n]).toBeGreaterThan(pause - 5);
    expect(events).toEqual(['steady exited', 'steady exited', 'steady exited']);
  });

  it('knows no process of a name that it has not started', () => {
    expect(supervisor.kill('nobody')).toBe(false);
  });

  it('says why a child did not start, by its own last words', async () => {
    await expect(supervisor.start(child('failing'))).rejects.toMatchObject({
      code: 'child-failed',
      message: 'failing ended with exit code 3 before it was ready: TOKEN: must begin with xapp-',
      fix: `read ${supervisor.logFile('failing')}`,
    });
    expect(supervisor.view()).toMatchObject([{ state: 'failed', pid: null }]);
  });

  it('does not wait for ever for a child that never gets ready, and leaves nothing of it', async () => {
    await expect(supervisor.start(child('silent', { readyWithinMs: 500 }))).rejects.toThrow(
      'was not ready within 0.5 s',
    );
    expect(await readdir(path.join(folder.path, 'children'))).toEqual([]);
  });

  it('stops the last started first, and kills what does not stop in time', async () => {
    const order: string[] = [];
    const told = (name: string) => ({ name, afterStop: async () => void order.push(name) });
    await supervisor.start(child('steady', told('database')));
    await supervisor.start(child('stubborn', { ...told('worker'), stopWithinMs: 500 }));
    const pids = supervisor.view().map(({ pid }) => pid ?? 0);
    await supervisor.stopAll();
    expect(order).toEqual(['worker', 'database']);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(events).toEqual(['worker did not stop in time']);
    await expect(supervisor.start(child('steady'))).rejects.toMatchObject({ code: 'stopping' });
  });

  it('takes a program down with the guard that was killed, before it starts both anew', async () => {
    const program = { command: 'sleep', args: ['611'], cwd: '/', stopSignal: 'SIGINT', stopWithinMs: 2_000 } as const;
    await supervisor.start(guarded(program, { name: 'foreign', env, readyWithinMs: 5_000, probe: async () => {} }));
    await until(async () => (await sleepers('611')).length === 1, 'the program');
    const [first] = await sleepers('611');
    supervisor.kill('foreign');
    await until(async () => {
      const [now, ...more] = await sleepers('611');
      return now !== undefined && now !== first && more.length === 0;
    }, 'another program instead of the first');
    await supervisor.stopAll();
    expect(await sleepers('611')).toEqual([]);
  });

  it('runs a task to its end and tells its lines, or its last words when it fails', async () => {
    const lines: string[] = [];
    const task = (code: number) => ({
      name: 'task',
      script: path.join(CHILDREN, 'task.ts'),
      args: [String(code)],
      env,
    });
    await supervisor.run(task(0), (line) => lines.push(line));
    expect(lines).toEqual(['one', 'two']);
    await expect(supervisor.run(task(4), () => {})).rejects.toThrow('what went wrong');
  });

  it('gives a task its secrets as variables that the process list does not show', async () => {
    const lines: string[] = [];
    const script = path.join(CHILDREN, 'task.ts');
    await supervisor.run({ name: 'task', script, env, secrets: { SECRET: 'swordfish' } }, (line) => lines.push(line));
    expect(lines.at(-1)).toBe('swordfish, not shown to others');
  });
});

describe('what a killed `up` leaves', () => {
  it('ends by itself, programs that are not ours too', async () => {
    await using folder = await temporaryFolder();
    const up = spawn(process.execPath, [path.join(CHILDREN, 'supervising.ts'), folder.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = readline.createInterface({ input: up.stdout });
    const [text] = (await once(lines, 'line')) as [string];
    const pids = JSON.parse(text) as number[];
    expect(pids.filter(isAlive)).toEqual(pids);
    up.kill('SIGKILL');
    await until(async () => !pids.some(isAlive) && (await sleepers('644')).length === 0, 'the end of the children');
  });

  it('is stopped by the next `up` when it does not, and nothing else is', async () => {
    await using folder = await temporaryFolder();
    const ours = spawn('sleep', ['622'], { detached: true, stdio: 'ignore' });
    const other = spawn('sleep', ['633'], { detached: true, stdio: 'ignore' });
    await recordChild(folder.path, 'ours', ours.pid);
    await recordChild(folder.path, 'other', other.pid);
    const record = path.join(folder.path, 'other.json');
    await writeFile(record, JSON.stringify({ pid: other.pid, started: 'a process of that number that is gone' }));
    const [stopped] = await Promise.all([stopLeftovers(folder.path), once(ours, 'exit')]);
    expect(stopped).toEqual(['ours']);
    expect(isAlive(other.pid ?? 0)).toBe(true);
    other.kill();
  });
});

/** Pids of running `sleep <seconds>`: a number that only one test uses. */
async function sleepers(seconds: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return command === `sleep\0${seconds}\0` ? [pid] : [];
    }),
  );
  return found.flat();
}
