/**
 * `npm run test:machine`: what a newcomer does, on a machine that has only Node.js, npm, Python and root. A Docker Engine is installed
 * there and started, Debian is made by debootstrap or pulled, the image built, one mention answered; then Ctrl-C, and nothing of it may
 * be left. Tests the last commit. Not part of `npm test`, because it takes ten minutes, and a container that is nearly as powerful as
 * the machine.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SetupState } from '../../contracts/setup-state.ts';
import { reasonOf } from '../../setup/errors.ts';
import { onInterruption } from '../runner/interruption.ts';
import { CHECKOUT, type FreshMachine, startFreshMachine } from './fresh-machine.ts';

const LOG = '/root/start.log';
/** The control API of the Slack simulator; its address and token are in `page.json`. */
const SIMULATOR = `cd ${CHECKOUT}/.bellhop; curl -sS -H "x-sim-token: $(jq -r .SLACK_SIMULATOR_TOKEN page.json)"`;
const SIMULATOR_URL = '$(jq -r .SLACK_SIMULATOR_URL page.json)/_sim';
const MENTION = { as: 'ada', channel: 'platform-eng', text: '@bellhop $ curl -sS https://docs.acme.test/' };
const ANSWERED = /1 tool call .{0,40}1 forwarded/;
const tell = (line: string): void => console.error(line);

async function untilIt(what: string, withinMs: number, look: () => Promise<boolean>): Promise<void> {
  const begun = Date.now();
  while (!(await look().catch(() => false))) {
    if (Date.now() - begun > withinMs) throw new Error(`still waiting for ${what} after ${withinMs / 1000} s`);
    await sleep(500);
  }
  tell(`${what}: ${((Date.now() - begun) / 1000).toFixed(1)} s`);
}

async function holds(what: string, machine: FreshMachine, command: string): Promise<void> {
  await machine.run(command).catch(() => {
    throw new Error(`it does not hold that ${what}`);
  });
  tell(what);
}

async function tryOut(machine: FreshMachine): Promise<void> {
  const state = async () => JSON.parse(await machine.run(`cat ${CHECKOUT}/.bellhop/setup.json`)) as SetupState;
  await holds('there is no Docker Engine', machine, '! command -v dockerd');

  machine.start(`cd ${CHECKOUT} && exec npm start`, LOG);
  await untilIt('the page', 300_000, async () => (await machine.run(`grep -E 'Open +http' ${LOG}`)) !== '');
  await untilIt('everything', 1_200_000, async () => (await state()).steps.every((step) => step.state === 'done'));
  for (const { title, detail } of (await state()).steps) tell(`  ${title}: ${detail}`);
  await holds(
    'the engine was installed and started',
    machine,
    `grep -q 'started by Bellhop' ${CHECKOUT}/.bellhop/setup.json`,
  );

  const body = JSON.stringify(MENTION);
  await machine.run(`${SIMULATOR} -f -H 'content-type: application/json' -d '${body}' ${SIMULATOR_URL}/messages`);
  await untilIt('the answer', 180_000, async () =>
    ANSWERED.test(await machine.run(`${SIMULATOR} ${SIMULATOR_URL}/state`)),
  );

  await machine.run(`kill -INT ${(await state()).pid}`);
  const others = `ps -eww -o args= | grep -v -E '^(ps|grep|bash|/sbin/docker-init|/dev/init|sleep infinity)' | grep .`;
  await untilIt('the end of every process', 120_000, async () => (await machine.run(`${others} || true`)) === '');
  await holds(
    'its engine answers no more',
    machine,
    '! curl -sS --unix-socket /var/run/docker.sock http://engine/_ping',
  );
}

const interruption = onInterruption();
try {
  await using machine = await startFreshMachine(tell);
  try {
    await Promise.race([tryOut(machine), interruption.rejection]);
  } catch (error) {
    tell(await machine.run(`tail -40 ${LOG}; ps -eww -o pid,args`).catch(reasonOf));
    throw error;
  }
  tell('all of it holds');
} catch (error) {
  tell(`fresh machine: ${reasonOf(error)}`);
  process.exitCode = 1;
}
