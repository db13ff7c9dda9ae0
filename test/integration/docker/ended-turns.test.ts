import { setTimeout as delay } from 'node:timers/promises';
import { sandboxName } from '../../../docker/sandbox-names.ts';
import { agentProcessesIn } from '../../support/agent-processes.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

const endTurn = async (turn: number) => await fixture.runtime.endTurn(sandbox.id, sandbox.uid, turn);

const agentProcesses = async ({ id, uid }: TestSandbox) =>
  await agentProcessesIn(sandboxName(fixture.installation, id), uid);

test('after the end of a turn its commands are refused, and those of the next one run', async () => {
  await sandbox.run('sleep 600 & echo on', { turn: 1 });
  await endTurn(1);
  await expect(sandbox.run('touch late', { turn: 1 })).rejects.toMatchObject({ code: 'TurnOver' });
  expect((await sandbox.run('ls late; pgrep -c "^sleep"', { turn: 2 })).output).toMatch(/No such file.*\n0\n$/);
});

test('a command that ran when its turn ended can still be looked for', async () => {
  const running = sandbox.run('echo before; sleep 600', { step: 'followed', turn: 2 });
  await delay(500);
  await endTurn(2);
  expect(await running).toMatchObject({ outcome: 'killed', output: 'before\n' });
  expect(await sandbox.run('echo again', { step: 'followed', turn: 2 })).toMatchObject({ output: 'before\n' });
});

test('whenever the end comes while a command starts, nothing of it lives on', async () => {
  for (let turn = 3; turn < 23; turn += 1) {
    if (turn % 2 === 0) await fixture.runtime.prepare(sandbox.id, sandbox.uid);
    const started = sandbox.run('setsid sleep 600 & sleep 601', { turn }).catch((error: unknown) => error);
    await delay(turn * 4);
    await endTurn(turn);
    await started;
    expect(await agentProcesses(sandbox)).toEqual([]);
  }
}, 120_000);

let turn = 30;
const FILL = 'head -c 100000000 /dev/zero > /run/steps/full';

test.each([
  ['puts a folder with files into the place of the note', 'rm /run/bellhop/over; mkdir -p /run/bellhop/over/a/b'],
  ['notes a turn far ahead', 'ln -sfn 9999 /run/bellhop/over'],
  ['takes the note away', 'rm -f /run/bellhop/over; mv /run/boot /run/gone; mv /run/bellhop/over /run/boot/gone'],
  ['fills the folder', FILL],
  ['closes the folder', 'chmod 0 /run/steps'],
  [
    'fills a file that is made in the future',
    `${FILL}; mv /run/steps/full /run/steps/.x; touch -d 2100-01-01 /run/steps/.x`,
  ],
  [
    'fills a folder in closed ones',
    `mkdir -p /run/steps/0123/in; ${FILL}; mv /run/steps/full /run/steps/0123/in; chmod 0 /run/steps/0123/in /run/steps/0123`,
  ],
  [
    'leaves a full step that it has made up',
    `cd /run/steps && mkdir 0123456789abcdef && touch 0123456789abcdef/lock 0123456789abcdef/state && touch -d tomorrow 0123456789abcdef; ${FILL}; mv full 0123456789abcdef/out`,
  ],
  ['hides a full file among many', `${FILL}; for i in $(seq 2000); do mkdir -p /run/steps/$i/a; done`],
  [
    'hides a full file deeper than a path is long',
    `python3 -c 'import os; os.chdir("/run/steps"); [(os.mkdir("d"), os.chdir("d")) for _ in range(3000)]; f = open("f", "wb"); f.write(b"0" * 100000000)'`,
  ],
])('an agent that %s does not keep its turn from ending, nor the next one from beginning', async (_, command) => {
  const { incarnation } = await fixture.runtime.provision(sandbox.spec);
  await endTurn(turn++);
  await sandbox.run(command, { turn });
  await endTurn(turn);
  await expect(sandbox.run('touch late', { turn })).rejects.toMatchObject({ code: 'TurnOver' });
  expect((await sandbox.run('echo next', { turn: turn + 1 })).output).toBe('next\n');
  expect((await fixture.runtime.checkSockets(sandbox.id, sandbox.uid)).incarnation).toBe(incarnation);
});

test('what an agent writes ends no turn', async () => {
  const notes = ['/run/steps/.over', '/run/bellhop/over', '/run/boot/.over'];
  await sandbox.run(notes.map((note) => `rm -rf ${note}; ln -sfn 9999 ${note}`).join('; '), { turn: 50 });
  expect((await sandbox.run('echo on', { turn: 50 })).output).toBe('on\n');
});

test('a file of a turn that is over is not written', async () => {
  const other = await fixture.sandbox();
  const write = async (turn: number) =>
    await fixture.runtime.writeFile(other.id, other.uid, 'late.txt', Buffer.from(`turn ${turn}`), { turn });
  await fixture.runtime.endTurn(other.id, other.uid, 1);
  await expect(write(1)).rejects.toMatchObject({ code: 'TurnOver' });
  expect((await other.run('ls late.txt', { turn: 2 })).exitCode).toBe(2);
  await write(2);
  expect((await other.run('cat late.txt', { turn: 2 })).output).toBe('turn 2');
});

test('the commands of a turn that is over are refused in the next life of the sandbox too', async () => {
  const other = await fixture.sandbox();
  await other.run('echo on', { turn: 1 });
  await fixture.runtime.endTurn(other.id, other.uid, 1);
  await fixture.engine.docker.getContainer(sandboxName(fixture.installation, other.id)).kill();
  await fixture.runtime.provision(other.spec);
  await expect(other.run('echo late', { turn: 1 })).rejects.toMatchObject({ code: 'TurnOver' });
  expect((await other.run('echo next', { turn: 2 })).output).toBe('next\n');
});

test('a paused sandbox is woken to end its turn', async () => {
  const other = await fixture.sandbox();
  await other.run('sleep 600 & echo on');
  await fixture.runtime.pause(other.id);
  await fixture.runtime.endTurn(other.id, other.uid, 1);
  expect(await fixture.runtime.state(other.id)).toBe('running');
  expect(await agentProcesses(other)).toEqual([]);
});

test('the end of a turn in a stopped sandbox, and in one that is gone, has nothing to do', async () => {
  const other = await fixture.sandbox();
  await fixture.engine.docker.getContainer(sandboxName(fixture.installation, other.id)).kill();
  await fixture.runtime.endTurn(other.id, other.uid, 1);
  await fixture.runtime.remove(other.id);
  await fixture.runtime.endTurn(other.id, other.uid, 1);
});
