import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { isInMemory } from './support/memory.ts';
import { pageTraffic } from './support/page-traffic.ts';
import { type Place, placesWith } from './support/renderings.ts';
import {
  databaseRows,
  homeFiles,
  inspectedContainers,
  machineProcesses,
  modelCalls,
  processOutputs,
  sandboxFiles,
  slackState,
  workflowHistories,
} from './support/stores.ts';
import { type Worked, work } from './support/work.ts';

/** Stands for everything that is said and done in the open; where it lies, the credential would be seen too. */
const marker = `marker-${randomBytes(16).toString('hex')}`;

let bellhop: Installation;
let worked: Worked;

const SIGNUPS = 'https://api.acme.test/v1/signups';

/** The credential is used, and looked for where an agent would look. */
const HUNT = [
  `$ curl -sS -v --trace-ascii trace ${SIGNUPS}; cat trace`,
  `$ curl -sS -i -H 'X-Marker: ${marker}' '${SIGNUPS}?marker=${marker}'`,
  `$ curl -sS -i -X POST -d ${marker} ${SIGNUPS}; curl -sS -i https://paste.acme.test/${marker}`,
  '$ env; set; cat /proc/*/environ /proc/*/cmdline 2>&1 | tr "\\0" "\\n"; ps auxe',
  '$ cat /run/bellhop/* /run/boot/* 2>&1; curl -sS http://proxy.internal/status',
  '$ grep -rIl canary / --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr 2>/dev/null | head',
  `$ echo ${marker} > plain; printf x${marker} | base64 -w0 > shifted; printf ${marker} | base64 -w0 | tee /tmp/encoded`,
  'post plain',
];

beforeAll(async () => {
  bellhop = await startInstallation();
  worked = await work(bellhop, HUNT.join('\n'));
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

test('a text is found in every form in which it may lie somewhere', () => {
  const bytes = Buffer.from(marker);
  const forms = [
    marker,
    `"authorization": "Bearer ${marker}"`,
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    [...bytes].map((byte) => `%${byte.toString(16)}`).join(''),
    ...['', 'a', 'ab', 'abc:'].map((before) => Buffer.from(`${before}${marker} and more`).toString('base64')),
    Buffer.from(`ab${marker}`).toString('base64url'),
  ];
  for (const form of forms) expect(placesWith(marker, [text(`before ${form} after`)])).toHaveLength(1);
  expect(placesWith(marker, [text(marker.slice(1))])).toEqual([]);
});

test('the credential was used, and the sandbox was told nothing of it', async () => {
  expect(worked.steps[0]?.output).toContain('"caller": "svc-bellhop"');
  expect(
    worked.steps.map(({ number, output, told }) => [number, placesWith(bellhop.canary, [text(output), text(told)])]),
  ).toEqual(worked.steps.map(({ number }) => [number, []]));
});

const STORES: Readonly<Record<string, [look: () => Place[] | Promise<Place[]>, isThere: () => string]>> = {
  'the database': [() => databaseRows(bellhop), () => marker],
  'histories of workflows': [() => workflowHistories(bellhop), () => worked.session],
  "the engine's data on containers": [() => inspectedContainers(bellhop), () => `bellhop-${bellhop.id}`],
  'files of sandboxes': [() => sandboxFiles(bellhop), () => marker],
  'environment and arguments of every process': [machineProcesses, () => bellhop.databaseUrl('proxy')],
  "files of the installation's home": [() => homeFiles(bellhop), () => 'paste.acme.test'],
  'logs of every process': [() => processOutputs(bellhop), () => '{"ready":"proxy"}'],
  Slack: [() => slackState(bellhop), () => marker],
  "the page's traffic": [() => pageTraffic(bellhop, worked.session), () => 'svc-bellhop'],
  'calls to the model': [() => modelCalls(bellhop), () => marker],
};

test.each(Object.entries(STORES))(
  'the credential is in no form in %s, where what is known to be there is found',
  async (_name, [look, isThere]) => {
    const places = await look();
    expect(placesWith(isThere(), places)).not.toEqual([]);
    expect(placesWith(bellhop.canary, places)).toEqual([]);
  },
  60_000,
);

test('query values and bodies of requests are not recorded', async () => {
  const { rows } = await bellhop.database.query<{ row: string }>('select e::text as row from egress_event e');
  expect(rows.length).toBeGreaterThanOrEqual(4);
  const events = rows.map(({ row }) => text(row)).filter(({ bytes }) => !bytes.includes('paste.acme.test'));
  expect(placesWith(marker, events)).toEqual([]);
});

test.each(['gateway', 'agent', 'runner'] as const)(
  'the memory of the %s does not hold it',
  async (name) => {
    const { pid } = bellhop.processes[name];
    expect(await isInMemory(pid, new URL(bellhop.databaseUrl(name)).password)).toBe(true);
    expect(await isInMemory(pid, bellhop.canary)).toBe(false);
  },
  60_000,
);

test("the proxy's memory can be neither dumped nor inspected", async () => {
  const { pid } = bellhop.processes.proxy;
  expect((await readFile(`/proc/${pid}/coredump_filter`, 'utf8')).trim()).toMatch(/^0+$/);
  process.kill(pid, 'SIGUSR1');
  await new Promise((done) => setTimeout(done, 500));
  const listening = (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).split('\n').filter((line) => / 0A /.test(line));
  expect(listening.filter((line) => line.includes(`:${(9229).toString(16).toUpperCase()}`))).toEqual([]);
  expect(bellhop.processes.proxy.output()).not.toContain('Debugger');
  const { steps } = await work(bellhop, `$ curl -sS ${SIGNUPS}`);
  expect(steps[0]?.output).toContain('"caller": "svc-bellhop"');
}, 30_000);

function text(content: string): Place {
  return { name: content.slice(0, 200), bytes: Buffer.from(content) };
}
