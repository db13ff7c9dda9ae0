import { readFile } from 'node:fs/promises';
import { docker } from '../test/support/installation/containers.ts';
import type { Installation } from '../test/support/installation/installation.ts';
import { containerOf, untilInSandbox } from '../test/support/installation/sandboxes.ts';
import { sessionOf, waitForTurn } from '../test/support/installation/turns.ts';
import { refillBuckets } from '../test/support/refill-buckets.ts';
import type { SimMessage } from '../test/support/slack-simulator.ts';
import type { Bench } from './bench.ts';
import { ratios } from './figures.ts';
import { LOAD_GENERATOR, type LoadOrder, type LoadResult } from './peers/load-generator.ts';
import { createRawSandboxes } from './peers/raw-sandbox.ts';
import { type JsonOrigin, startJsonOrigin } from './peers/start-json-origin.ts';
import { alternate } from './rounds.ts';

const HOST = 'load.bench.test';
const CONNECTIONS = 20;
const SECONDS = 3;

/**
 * The same load generator in the same image against the same origin: once in a sandbox, where every request is
 * decrypted, judged, given its credential and recorded; once in a container on the machine's own network.
 */
export const requests: Bench = {
  name: 'requests',
  what: `intercepted requests a second, ${CONNECTIONS} connections that are kept, 1 KB of JSON`,
  async run(stage) {
    const bellhop = await stage.installation();
    await using origin = await startJsonOrigin(stage.folder, HOST);
    await letThrough(bellhop, origin);
    await refillBuckets(bellhop);
    const thread = await bellhop.slack.post('ada', '#general', '@bellhop\n$ touch /tmp/begun; sleep 300');
    await untilInSandbox(bellhop, thread, 'test -e /tmp/begun');
    const raw = createRawSandboxes({
      engine: stage.engine,
      image: stage.image,
      installation: stage.label,
      runDir: stage.folder,
    });
    const plan = await raw.plan();
    await raw.startOnHostNetwork(plan);
    const inside = { container: await containerOf(bellhop, thread), uid: await agentOf(bellhop, thread) };
    const outside = { container: plan.name, uid: plan.agentUid };
    const order = { host: HOST, connections: CONNECTIONS, seconds: SECONDS };
    const direct = { port: origin.port, authority: await readFile(origin.authority, 'utf8') };
    const samples = await alternate(
      {
        proxy: () => load(inside, { ...order, direct: null }),
        direct: () => load(outside, { ...order, direct }),
      },
      stage.rounds(4),
    );
    await raw.remove(plan.name);
    await bellhop.slack.post('ada', '#general', '@bellhop stop', { threadTs: thread.ts });
    await waitForTurn(bellhop, thread, 1);
    return [
      { what: 'through the Agent Proxy', unit: 'req/s', samples: samples.proxy },
      { what: 'the same origin without it', unit: 'req/s', samples: samples.direct },
      { what: 'ratio of the two', unit: '×', samples: ratios(samples.proxy, samples.direct) },
    ];
  },
};

/** One connection with a credential, and the operator's word that its address may be dialled. */
async function letThrough(bellhop: Installation, { port, authority }: JsonOrigin): Promise<void> {
  const address = `127.0.0.1:${port}`;
  await bellhop.operate({
    hosts: { [HOST]: address },
    ceilings: [{ range: '127.0.0.1/32', ports: [port] }],
    caBundles: [authority],
  });
  const yaml = {
    organization: { bundles: ['load'] },
    bundles: { load: { connections: ['load'] } },
    connections: {
      load: {
        host: HOST,
        methods: ['GET'],
        credential: { kind: 'bearer', fromEnv: 'ACME_TOKEN' },
        addresses: [`127.0.0.1/32:${port}`],
      },
    },
  };
  await bellhop.apply(JSON.stringify(yaml));
}

async function agentOf({ database }: Installation, thread: SimMessage): Promise<number> {
  const { rows } = await database.query<{ uid: number }>('select agent_uid as uid from session where id = $1', [
    sessionOf(thread),
  ]);
  return rows[0]?.uid ?? 0;
}

async function load(where: { readonly container: string; readonly uid: number }, order: LoadOrder): Promise<number> {
  const said = await docker(
    ...['exec', '-u', `${where.uid}:${where.uid}`, where.container],
    ...['node', '-e', LOAD_GENERATOR, JSON.stringify(order)],
  );
  const { perSecond, failed, authorized } = JSON.parse(said) as LoadResult;
  if (failed > 0 || !authorized) throw new Error(`the load generator said: ${said}`);
  return perSecond;
}
