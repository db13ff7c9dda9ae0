import { randomBytes } from 'node:crypto';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await createFixture();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

/** The execs that run in a sandbox at this moment, by the engine's own ids. */
async function execsOf({ id }: TestSandbox): Promise<readonly string[]> {
  const found = await fixture.engine.docker.getContainer(`bellhop-${fixture.installation}-${id}`).inspect();
  return (found as { ExecIDs?: string[] | null }).ExecIDs ?? [];
}

test('commands that follow each other share one exec, and each has its own output and exit code', async () => {
  const sandbox = await fixture.sandbox();
  const line = await execsOf(sandbox);
  expect(line).toHaveLength(1);
  for (let round = 0; round < 5; round += 1) {
    const said = `${round} "quoted" 'twice' $HOME ümläut`;
    const result = await sandbox.run(`cat <<'END'\n${said}\nEND\nexit ${round}`);
    expect(result).toMatchObject({ outcome: 'finished', exitCode: round, output: `${said}\n` });
  }
  const long = `# ${randomBytes(50_000).toString('hex')}\necho end of a long command`;
  expect((await sandbox.run(long)).output).toBe('end of a long command\n');
  const large = await sandbox.run('head -c 700000 /dev/zero | tr "\\0" x');
  expect(large).toMatchObject({ exitCode: 0, outputBytes: 700_000 });
  expect(await execsOf(sandbox)).toEqual(line);
});

test('a command that kills everything of the agent is told apart, and the next one runs', async () => {
  const sandbox = await fixture.sandbox();
  expect(await sandbox.run('echo before; kill -9 -1')).toMatchObject({ outcome: 'killed', output: 'before\n' });
  expect(await sandbox.run('echo after')).toMatchObject({ outcome: 'finished', output: 'after\n' });
  await fixture.runtime.killAgent(sandbox.id, sandbox.uid);
  expect(await sandbox.run('echo again')).toMatchObject({ outcome: 'finished', output: 'again\n' });
});

test('commands at the same time do not wait for each other', async () => {
  const sandbox = await fixture.sandbox();
  const slow = sandbox.run('sleep 3; echo slow');
  const began = performance.now();
  const quick = await Promise.all([sandbox.run('echo one'), sandbox.run('echo two')]);
  expect(quick.map(({ output }) => output)).toEqual(['one\n', 'two\n']);
  expect(performance.now() - began).toBeLessThan(2_500);
  expect((await slow).output).toBe('slow\n');
});

test('following is broken off, the command goes on, and others find a way', async () => {
  const sandbox = await fixture.sandbox();
  const stop = new AbortController();
  const step = randomBytes(8).toString('hex');
  const first = sandbox.run('echo begun; sleep 2; echo ended', { step, signal: stop.signal });
  setTimeout(() => stop.abort(new Error('stopped')), 300);
  await expect(first).rejects.toThrow('stopped');
  expect((await sandbox.run('echo other')).output).toBe('other\n');
  expect((await sandbox.run('never', { step })).output).toBe('begun\nended\n');
});

test('a pause, a start anew and a removal leave no line behind that a command would wait for', async () => {
  const sandbox = await fixture.sandbox();
  await fixture.runtime.pause(sandbox.id);
  await fixture.runtime.provision(sandbox.spec);
  expect((await sandbox.run('echo awake')).output).toBe('awake\n');
  await fixture.engine.docker.getContainer(`bellhop-${fixture.installation}-${sandbox.id}`).restart({ t: 0 });
  await fixture.runtime.provision(sandbox.spec);
  expect((await sandbox.run('echo anew')).output).toBe('anew\n');
  await fixture.runtime.remove(sandbox.id);
  await expect(sandbox.run('true')).rejects.toMatchObject({ code: 'SandboxMissing' });
});
