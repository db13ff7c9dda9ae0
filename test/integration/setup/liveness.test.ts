import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createPortChooser } from '../../../setup/host/ports.ts';
import { newPassword } from '../../../setup/host/secrets.ts';
import { findPostgresBinaries } from '../../../setup/postgres/binaries.ts';
import { CLUSTER_OWNER, initializeCluster, serverArguments } from '../../../setup/postgres/cluster.ts';
import { provideDataFolder } from '../../../setup/postgres/data-folder.ts';
import { postgresUser } from '../../../setup/postgres/unix-user.ts';
import { askTemporal } from '../../../setup/temporal/ask.ts';
import type { ChildSpec } from '../../../workers/up/child-spec.ts';
import { guarded } from '../../../workers/up/guarded-program.ts';
import { postgresChild } from '../../../workers/up/services/postgres.ts';
import { createSupervisor, type Supervisor } from '../../../workers/up/supervisor.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

const CHILDREN = path.join(import.meta.dirname, '../../support/children');
const env = { PATH: process.env.PATH ?? '' };
const QUICK = { ask: 'event-loop', everyMs: 100, silentMs: 1_000 } as const;

let folder: TemporaryFolder;
let supervisor: Supervisor;
let events: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  events = [];
  const children = path.join(folder.path, 'children');
  await mkdir(children);
  const log = (event: string, { process: name, why }: Record<string, unknown>) =>
    events.push(`${name} ${event}${why ? `: ${why}` : ''}`);
  supervisor = createSupervisor({ logs: folder.path, children, onChange: () => {}, log });
});
afterEach(async () => {
  await supervisor.stopAll();
  await folder[Symbol.asyncDispose]();
});

function child(kind: string, rest: Partial<ChildSpec> = {}): ChildSpec {
  const script = path.join(CHILDREN, `${kind}.ts`);
  const usual = { readiness: 'line', readyWithinMs: 10_000, stopWithinMs: 5_000, liveness: QUICK } as const;
  return { name: kind, script, env, ...usual, ...rest };
}

const view = () => supervisor.view()[0];
const pid = () => view()?.pid ?? 0;
const runsAgain = () => until(() => view()?.restarts === 1 && view()?.state === 'running', 'another process');

describe('a process of ours', () => {
  it('is replaced when it is frozen', async () => {
    await supervisor.start(child('steady'));
    process.kill(pid(), 'SIGSTOP');
    await runsAgain();
    expect(events).toEqual(['steady is replaced: did not answer for 1 s', 'steady exited']);
  });

  it('is replaced when its event loop never turns again, also when it would not hear SIGTERM', async () => {
    await supervisor.start(child('hanging'));
    process.kill(pid(), 'SIGUSR2');
    await runsAgain();
    expect(events).toEqual(['hanging is replaced: did not answer for 1 s', 'hanging exited']);
  });

  it('is left alone when it answers, however busy it is', async () => {
    await supervisor.start(child('hanging', { args: ['1500'], liveness: { ...QUICK, silentMs: 3_000 } }));
    const first = pid();
    for (let turn = 0; turn < 3; turn += 1) {
      process.kill(first, 'SIGUSR2');
      await sleep(1_900);
    }
    expect(view()).toMatchObject({ pid: first, restarts: 0 });
    expect(events).toEqual([]);
  });

  it('is left alone when it was started again and answers, but takes long to get ready', async () => {
    const args = ['3000', path.join(folder.path, 'first-life')];
    await supervisor.start(child('slow-again', { args, readyWithinMs: 1_000 }));
    supervisor.kill('slow-again');
    await runsAgain();
    expect(events).toEqual(['slow-again exited']);
  });

  it('is left alone when the whole machine slept, or its supervisor alone was frozen', async () => {
    const up = spawn(process.execPath, [path.join(CHILDREN, 'supervising.ts'), folder.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [text] = (await once(readline.createInterface({ input: up.stdout }), 'line')) as [string];
    const [own = 0] = JSON.parse(text) as number[];
    const frozenFor = async (pids: readonly number[]) => {
      for (const each of pids) process.kill(each, 'SIGSTOP');
      await sleep(5_000);
      for (const each of pids) process.kill(each, 'SIGCONT');
      await sleep(2_000);
    };
    await frozenFor([up.pid ?? 0, own]);
    await frozenFor([up.pid ?? 0]);
    // Signal 0 asks the kernel whether the process is still there.
    expect(() => process.kill(own, 0)).not.toThrow();
    const ended = once(up, 'exit');
    up.kill('SIGKILL');
    await ended;
  });
});

describe('a first start', () => {
  it('has failed when the process answers and is not ready in time', async () => {
    await expect(supervisor.start(child('silent', { readyWithinMs: 500 }))).rejects.toThrow(
      'was not ready within 0.5 s',
    );
  });

  it('is waited for as long as the program says that it recovers', async () => {
    const program = { command: 'sleep', args: ['655'], cwd: '/', stopSignal: 'SIGINT', stopWithinMs: 2_000 } as const;
    const liveness = { ask: async () => 'starting' as const, everyMs: 100, silentMs: 1_000 };
    const probe = async () => await sleep(2_000);
    await supervisor.start(guarded(program, { name: 'foreign', env, readyWithinMs: 500, liveness, probe }));
    expect(view()).toMatchObject({ state: 'running', restarts: 0 });
  });
});

describe('PostgreSQL', () => {
  it('is replaced when it waits in a smart shutdown for a session that stays open', async () => {
    const user = await postgresUser(() => {});
    const binaries = await findPostgresBinaries(user);
    await chmod(folder.path, 0o755);
    const data = await provideDataFolder(path.join(folder.path, 'data'), path.join(folder.path, 'data'), user);
    const cluster = { binaries, folder: data.path, user };
    const password = newPassword();
    await initializeCluster(cluster, password, new AbortController().signal);
    const { port } = await createPortChooser({ PORT: '0' }).choose({ variable: 'PORT', usual: 0 });
    const url = `postgres://${CLUSTER_OWNER}:${password}@127.0.0.1:${port}/postgres`;
    const spec = postgresChild(cluster, serverArguments(cluster, port), url, env);
    const ask = spec.liveness?.ask ?? 'event-loop';
    await supervisor.start({ ...spec, liveness: { ask, everyMs: 300, silentMs: 3_000 } });

    const session = new pg.Client({ connectionString: url });
    session.on('error', () => {});
    await session.connect();
    // What `pg_ctl stop -m smart` sends.
    process.kill(await programOf(pid()), 'SIGTERM');
    await runsAgain();
    expect(events[0]).toBe('postgres is replaced: takes nobody new any more, and does not end');
    const again = new pg.Client({ connectionString: url });
    await again.connect();
    await again.end();
    await session.end().catch(() => {});
  }, 60_000);
});

describe('a Temporal server', () => {
  it('is replaced when it is frozen, and not while it serves', async () => {
    const cli = process.env.BELLHOP_TEST_TEMPORAL_CLI ?? '';
    const { port } = await createPortChooser({ PORT: '0' }).choose({ variable: 'PORT', usual: 0 });
    const address = `127.0.0.1:${port}`;
    const program = {
      command: cli,
      args: ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'error'],
      cwd: folder.path,
      stopSignal: 'SIGTERM',
      stopWithinMs: 2_000,
    } as const;
    const ask = async () => await askTemporal(address);
    const probe = async (signal: AbortSignal) => {
      while (!signal.aborted && !(await ask().catch(() => undefined))) await sleep(50);
    };
    const liveness = { ask, everyMs: 500, silentMs: 2_000 };
    await supervisor.start(guarded(program, { name: 'temporal', env, readyWithinMs: 20_000, liveness, probe }));
    await sleep(4_000);
    expect(view()).toMatchObject({ restarts: 0, state: 'running' });
    process.kill(await programOf(pid()), 'SIGSTOP');
    await until(() => view()?.restarts === 1 && view()?.state === 'running', 'another server', 20_000);
    expect(events[0]).toBe('temporal is replaced: did not answer for 2 s');
  }, 60_000);
});

/** The program that a guard runs: its only child. */
async function programOf(guard: number): Promise<number> {
  return Number((await readFile(`/proc/${guard}/task/${guard}/children`, 'utf8')).trim());
}
