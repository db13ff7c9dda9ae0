import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { outputOf } from '../../../cli/apply/output-of.ts';

const options = { environment: { PATH: process.env.PATH, GREETING: 'hello' }, folder: '/' };

test('the output of a program is returned as it is, without a shell', async () => {
  expect(await outputOf(['printf', '%s\\n', '$GREETING; `id`'], options)).toEqual({ output: '$GREETING; `id`\n' });
  expect(await outputOf(['printenv', 'GREETING'], options)).toEqual({ output: 'hello\n' });
});

test.each<[string, string[], RegExp]>([
  ['fails', ['sh', '-c', 'echo canary; exit 3'], /^the command sh ended with exit code 3$/],
  ['is missing', ['no-such-program'], /^the command no-such-program cannot be run \(ENOENT\)$/],
  ['prints without end', ['yes', 'canary'], /^the command yes printed more than a secret can hold$/],
  ['does not end', ['sleep', '60'], /^the command sleep did not end within 0.3 s$/],
])('a program that %s is told without its output', async (_what, argv, words) => {
  const result = await outputOf(argv, { ...options, timeoutMs: argv[0] === 'yes' ? 20_000 : 300 });
  expect(result).toEqual({ failure: expect.stringMatching(words) });
  expect(JSON.stringify(result)).not.toContain('canary');
});

test('a program that is ended is not waited for longer because another still holds its output', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bl-'));
  const pidFile = path.join(folder, 'pid');
  try {
    const argv = ['sh', '-c', `sleep 60 & echo $! > ${pidFile}; sleep 60`];
    const result = await outputOf(argv, { ...options, timeoutMs: 1_000 });
    expect(result).toEqual({ failure: expect.stringMatching(/did not end within 1 s$/) });
    // It still runs. With a wait for it, nothing would be here to end.
    expect(process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGKILL')).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
});
