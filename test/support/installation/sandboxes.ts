import type { SimMessage } from '../slack-simulator.ts';
import { until } from '../until.ts';
import { docker } from './containers.ts';
import type { Installation } from './installation.ts';
import { sessionOf } from './turns.ts';

type Thread = Pick<SimMessage, 'channel' | 'ts' | 'threadTs'>;
type Looked = Pick<Installation, 'id' | 'database'>;

/** The container of a thread's sandbox, as the engine knows it. */
export async function containerOf({ id, database }: Looked, thread: Thread): Promise<string> {
  const { rows } = await database.query<{ id: string }>('select id from sandbox where session = $1', [
    sessionOf(thread),
  ]);
  return rows[0] ? `bellhop-${id}-${rows[0].id}` : '';
}

/** Runs something in a thread's sandbox as the agent's user, past everything of the product. */
export async function inSandbox(bellhop: Looked, thread: Thread, command: string): Promise<string> {
  const { rows } = await bellhop.database.query<{ uid: number }>('select agent_uid as uid from session where id = $1', [
    sessionOf(thread),
  ]);
  const container = await containerOf(bellhop, thread);
  return docker('exec', '-u', String(rows[0]?.uid), container, 'bash', '-c', command);
}

/** Waits until a command in a thread's sandbox succeeds, such as `test -e /workspace/ran`. */
export async function untilInSandbox(bellhop: Looked, thread: Thread, command: string, withinMs = 30_000) {
  const succeeds = () =>
    inSandbox(bellhop, thread, command).then(
      () => true,
      () => false,
    );
  await until(succeeds, `\`${command}\` in the sandbox`, withinMs);
}

/** What a process of the agent's user was started with, for each that runs in a thread's sandbox. */
export async function agentProcesses(bellhop: Looked, thread: Thread): Promise<string[]> {
  const { rows } = await bellhop.database.query<{ uid: number }>('select agent_uid as uid from session where id = $1', [
    sessionOf(thread),
  ]);
  const listed = await docker('top', await containerOf(bellhop, thread), '-o', 'uid,pid,args');
  return listed.split('\n').filter((line) => line.trim().startsWith(`${rows[0]?.uid} `));
}
