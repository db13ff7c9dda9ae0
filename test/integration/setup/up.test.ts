import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import http from 'node:http';
import { promisify } from 'node:util';
import type { EgressEvent } from '../../../contracts/egress.ts';
import type { Overview } from '../../../store/overview.ts';
import { contention } from '../../support/contention.ts';
import { type RunningUp, startUp } from '../../support/running-up.ts';
import { until } from '../../support/until.ts';

/** The access file names the port of the outside world, which is kept from start to start unless it is set. */
const KEPT = { BELLHOP_ACME_PORT: '' };

describe('bellhop up', () => {
  let up: RunningUp;
  let engines: string[];
  beforeAll(async () => {
    engines = await enginesHere();
    up = await startUp({ environment: KEPT });
  }, 200_000);
  afterAll(async () => {
    await up[Symbol.asyncDispose]();
  });

  const state = async () => await up.state();
  const bellhop = async (...args: string[]) => await up.bellhop(...args);
  /** Sessions and the states of their newest turns. */
  const threads = async () => (JSON.parse((await bellhop('status', '--json')).said) as Overview).threads;
  const policyVersion = async () => {
    const { said } = await bellhop('effective', '#platform-eng', '--json');
    return (JSON.parse(said) as { policyVersion: number }).policyVersion;
  };
  /** Asks for the signups in a new thread; returns how each request of it went. */
  const signups = async () => {
    const known = (await threads()).map(({ session }) => session);
    await up.post('#platform-eng', '@bellhop\n$ curl -sS https://api.acme.test/v1/signups');
    const mine = async () => (await threads()).find(({ session }) => !known.includes(session));
    await until(async () => (await mine())?.turnState === 'answered', 'the answer', 60_000);
    const { session } = (await mine()) ?? { session: '' };
    const events = async () => JSON.parse((await bellhop('egress', session, '--json')).said) as EgressEvent[];
    await until(async () => (await events()).length > 0, 'the record of the request');
    return (await events()).map(({ outcome, status }) => ({ outcome, status }));
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
    expect(again.said).toContain(up.url);
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

  it('answers a mention, with the credential that the first start has sealed', async () => {
    expect(await signups()).toEqual([{ outcome: 'injected', status: 200 }]);
  }, 90_000);

  it('tells health and metrics of each process, on this machine only, and a line for each state change', async () => {
    const { steps } = await state();
    const log = async (name: string) => await readFile(`${up.home}/logs/${name}.log`, 'utf8');
    const ownAddress = async () => /"metrics":"(http:[^"]+)"/.exec(await log('up'))?.[1] ?? '';
    const addressOf = (id: string) =>
      /http:\S+\/metrics/.exec(steps.find((step) => step.id === id)?.more ?? '')?.[0] ?? '';
    const addresses = [await ownAddress(), ...['gateway', 'agent', 'runner', 'proxy'].map(addressOf)];
    const all: string[] = [];
    for (const address of addresses) {
      expect(new URL(address).hostname).toBe('127.0.0.1');
      const ready = await fetch(new URL('/health/ready', address));
      expect({ address, status: ready.status, body: await ready.json() }).toMatchObject({
        status: 200,
        body: { ready: true },
      });
      expect((await fetch(new URL('/health/live', address))).status).toBe(200);
      all.push(...(await (await fetch(address)).text()).split('\n'));
    }
    expect(all).toEqual(
      expect.arrayContaining([
        'bellhop_process_running{process="gateway"} 1',
        'bellhop_process_restarts{process="agent"} 1',
        'bellhop_inbox_waiting 0',
        expect.stringMatching(/^bellhop_slack_event_seconds_bucket\{le="3"\} [1-9]/),
        'bellhop_turns_running 0',
        'bellhop_places_waiting 0',
        'bellhop_policy_version 1',
        'bellhop_egress_requests_total{outcome="injected",code="connection"} 1',
        'bellhop_state_changes_total{of="turn",to="answered",cause=""} 1',
        'bellhop_state_changes_total{of="lease",to="open",cause=""} 1',
        'bellhop_state_changes_total{of="outbox",to="sent",cause="reaction"} 1',
        expect.stringMatching(/^bellhop_model_seconds_count\{model=".+",outcome="answered"\} 2$/),
        expect.stringMatching(/^bellhop_sandboxes\{runner=".+",state="(running|paused)"\} 1$/),
        expect.stringMatching(/^bellhop_slack_tokens\{method="chat.postMessage"\} /),
        expect.stringMatching(/^bellhop_runner_places\{runner=".+"\} 60$/),
      ]),
    );
    expect(await log('agent')).toContain('"change":{"of":"turn","to":"answered","session":"slack:');
    expect(await log('runner')).toContain('"change":{"of":"sandbox","to":"running","sandbox":"');
    expect(await log('proxy')).toContain('"change":{"of":"lease","to":"closed","sandbox":"');
    expect(await log('gateway')).toContain('"change":{"of":"outbox","to":"sent","id":"');
  });

  it('stops at Ctrl-C with nothing left running, and no engine that it did not start', async () => {
    expect(await up.stop()).toBe(0);
    // Of a thread its files stay, in a volume.
    expect((await up.leftovers()).filter((each) => !each.startsWith('bellhop-'))).toEqual([]);
    expect(await enginesHere()).toEqual(engines);
    expect((await state()).processes.map(({ state: each }) => each)).toEqual(
      Array.from({ length: 10 }, () => 'stopped'),
    );
    expect(await bellhop('status')).toEqual({ code: 1, said: expect.stringContaining('bellhop up') });
  });

  it('has the page within ten seconds when it is started again, with its threads, its policy and its credential', async () => {
    up = await startUp({ home: up.home, environment: KEPT });
    expect(up.pageAfterMs).toBeLessThan(10_000 * contention());
    expect(await policyVersion()).toBe(1);
    expect((await threads()).map(({ turn, turnState }) => [turn, turnState])).toEqual([[1, 'answered']]);
    expect(await signups()).toEqual([{ outcome: 'injected', status: 200 }]);
    expect(await up.stop()).toBe(0);
    expect((await up.leftovers()).filter((each) => !each.startsWith('bellhop-'))).toEqual([]);
  }, 200_000);

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

/** Processes of Docker Engines on this machine. */
async function enginesHere(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const names = await Promise.all(pids.map(async (pid) => await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')));
  return pids.filter((_, index) => names[index]?.trim() === 'dockerd');
}

function post(socketPath: string, url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath, path: url, method: 'POST' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject).end();
  });
}
