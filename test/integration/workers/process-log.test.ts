import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import path from 'node:path';
import { fileStream } from '../../../workers/signals/log-stream.ts';
import { createProcessLog } from '../../../workers/signals/process-log.ts';
import { plainEnvironment } from '../../support/plain-environment.ts';
import { until } from '../../support/until.ts';

const TALKING = path.join(import.meta.dirname, '../../support/children/talking.ts');

interface Talking {
  readonly child: ChildProcess;
  /** What it printed to standard output so far. */
  printed(): string;
  /** How often its event loop has turned. */
  turns(): number;
  readonly ended: Promise<number | NodeJS.Signals>;
}

let talking: Talking;

function talk(lines: number): Talking {
  const child = spawn(process.execPath, [TALKING, String(lines)], {
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const turns = () => printed.split('turn\n').length - 1;
  return { child, printed: () => printed, turns, ended };
}

afterEach(async () => {
  talking.child.kill('SIGKILL');
  talking.child.stderr?.resume();
  await talking.ended;
});

test('a process whose log nobody reads goes on working, and hears SIGTERM', async () => {
  talking = talk(20_000);
  await until(() => talking.turns() > 0, 'its event loop, after 20 MB of log');
  // 0.8 s. A log that waits for its reader takes 0.1 s or more for each turn.
  const before = talking.turns();
  await until(() => talking.turns() >= before + 40, 'forty turns of its event loop', 3_000);
  talking.child.kill('SIGTERM');
  await until(() => talking.printed().includes('stopped in order'), 'its end in order');
  talking.child.stderr?.resume();
  expect(await talking.ended).toBe(0);
});

test('lines that a slow reader had no room for are counted, and the count is said once there is room', async () => {
  talking = talk(20_000);
  await until(() => talking.turns() > 0, 'its event loop');
  let log = '';
  talking.child.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const records = () =>
    log
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as { line?: number; dropped?: number });
  await until(() => records().some(({ dropped }) => dropped !== undefined), 'the count');
  const kept = records().filter(({ line }) => line !== undefined).length;
  const dropped = records().reduce((sum, record) => sum + (record.dropped ?? 0), 0);
  expect(kept).toBeGreaterThan(500);
  expect(kept + dropped).toBe(20_000);
});

test('a process whose log is closed ends in order, with code 1', async () => {
  talking = talk(0);
  await until(() => talking.turns() > 0, 'its event loop');
  talking.child.stderr?.destroy();
  talking.child.kill('SIGUSR2');
  await until(() => talking.printed().includes('stopped in order'), 'its end in order');
  expect(await talking.ended).toBe(1);
});

test('a process whose log was closed while lines waited ends in order as well', async () => {
  talking = talk(20_000);
  await until(() => talking.turns() > 0, 'its event loop');
  talking.child.stderr?.destroy();
  expect(await talking.ended).toBe(1);
  expect(talking.printed()).toContain('stopped in order');
});

test('lines that a full disk has no room for are counted, and the process goes on', async () => {
  let dropped = 0;
  const stream = fileStream(openSync('/dev/full', 'a'));
  const { log, closed, drain } = createProcessLog('full', { stream, onDropped: (lines) => (dropped += lines) });
  for (let line = 0; line < 3; line += 1) {
    log.info('words');
    await drain(1_000);
  }
  // Three lines, and the two that would have said how many were lost.
  expect(dropped).toBe(5);
  expect(await Promise.race([closed, 'open'])).toBe('open');
});
