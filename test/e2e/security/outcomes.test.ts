import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { until } from '../../support/until.ts';
import { type PackageOrigin, startPackageOrigin } from './support/package-origin.ts';
import { run, type Worked, work } from './support/work.ts';

const KEYED = 'keyed.origin.test';
const OPEN = 'open.origin.test';
const CLOSED = 'closed.origin.test';
const USER_AND_PASSWORD = 'svc-bellhop:pa55 w0rd with spaces';
const BASIC = `Basic ${Buffer.from(USER_AND_PASSWORD).toString('base64')}`;

let folder: string;
let origin: PackageOrigin;
let bellhop: Installation;
let last: Worked | undefined;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'bh-o-'));
  const authorityFile = path.join(folder, 'authority.pem');
  origin = await startPackageOrigin({ hosts: { [KEYED]: BASIC, [OPEN]: null, [CLOSED]: null }, authorityFile });
  const address = `127.0.0.1:${origin.port}`;
  bellhop = await startInstallation({
    operator: {
      hosts: { [KEYED]: address, [OPEN]: address, [CLOSED]: address },
      ceilings: [{ range: '127.0.0.1/32', ports: [origin.port] }],
      caBundles: [authorityFile],
    },
    secrets: { ORIGIN_LOGIN: USER_AND_PASSWORD },
  });
  await bellhop.apply(accessFile(origin.port));
}, 120_000);

afterAll(async () => {
  await bellhop?.[Symbol.asyncDispose]();
  await origin?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

beforeEach(() => origin.forget());

interface NetworkClient {
  readonly command: (host: string) => string;
  readonly says: string;
  /** What it makes of a refusal. */
  readonly refused?: RegExp;
}

const CLIENTS: Readonly<Record<string, NetworkClient>> = {
  curl: { command: (host) => `curl -sS https://${host}/plain`, says: 'plain' },
  git: {
    command: (host) => `rm -rf r && git clone -q https://${host}/repository.git r && cat r/README`,
    says: 'cloned',
  },
  pip: {
    command: (host) =>
      `pip install -q --no-deps --no-cache-dir --retries 0 --target p-${host} --index-url https://${host}/simple/ tiny` +
      ` && PYTHONPATH=p-${host} python3 -c 'import tiny; print(tiny.text)'`,
    says: 'installed',
    refused: /No matching distribution/,
  },
  npm: {
    command: (host) =>
      `rm -rf n && mkdir n && cd n && npm install --no-audit --fetch-retries 0 --registry https://${host}/npm/ tiny` +
      ` && node -p 'require("tiny")'`,
    says: 'installed',
  },
  "node's fetch": {
    command: (host) =>
      `node -e 'fetch("https://${host}/plain").then(async (r) => { console.log(r.status, await r.text()); process.exitCode = r.ok ? 0 : 1; })'`,
    says: 'plain',
  },
  "node's https module": {
    command: (host) =>
      `node -e 'require("https").get("https://${host}/plain", (r) => { r.pipe(process.stdout); process.exitCode = r.statusCode === 200 ? 0 : 1; })'`,
    says: 'plain',
  },
  "python's urllib": {
    command: (host) =>
      `python3 -c 'import urllib.request as u; print(u.urlopen("https://${host}/plain").read().decode())'`,
    says: 'plain',
  },
  "python's requests": {
    command: (host) =>
      `python3 -c 'import requests; r = requests.get("https://${host}/plain"); print(r.text); r.raise_for_status()'`,
    says: 'plain',
  },
};

test.each(Object.entries(CLIENTS))(
  '%s reaches a connection with its credential, a domain entry without, and nothing else',
  async (_name, { command, says, refused = /403|not_allowed/ }) => {
    const script = [KEYED, OPEN, CLOSED].map((host) => `$ ${command(host)}`).join('\n');
    last = await work(bellhop, script, last ? { after: last } : {});
    const [injected, forwarded, blocked] = last.steps;
    expect(injected).toMatchObject({ output: expect.stringContaining(says), exitCode: 0 });
    expect(forwarded).toMatchObject({ output: expect.stringContaining(says), exitCode: 0 });
    expect(blocked?.output).toMatch(refused);
    await expectOutcomes(last, { [KEYED]: ['injected'], [OPEN]: ['forwarded'], [CLOSED]: ['blocked'] });
    expect(authorizations(KEYED)).toEqual([BASIC]);
    expect(authorizations(OPEN)).toEqual([null]);
    expect(origin.arrivals.filter(({ host }) => host === CLOSED)).toEqual([]);
  },
  90_000,
);

test('a credential of the sandbox itself reaches neither a connection nor a domain entry', async () => {
  const own = "-H 'Authorization: Bearer its-own' -H 'Cookie: session=its-own'";
  const { exitCode } = await run(
    bellhop,
    `curl -fsS ${own} https://${KEYED}/plain && curl -fsS ${own} https://${OPEN}/plain`,
  );
  expect(exitCode).toBe(0);
  expect(authorizations(KEYED)).toEqual([BASIC]);
  expect(authorizations(OPEN)).toEqual([null]);
}, 60_000);

function authorizations(host: string): (string | null)[] {
  const seen = origin.arrivals.filter((arrival) => arrival.host === host);
  return [...new Set(seen.map(({ authorization }) => authorization))];
}

/** The proxy stores its events a moment after the fact. */
async function expectOutcomes({ session, turn }: Worked, wanted: Record<string, string[]>): Promise<void> {
  const look = async () => {
    const { rows } = await bellhop.database.query<{ host: string; outcomes: string[] }>(
      'select host, array_agg(distinct outcome) as outcomes from egress_event where session = $1 and turn = $2 group by host',
      [session, turn],
    );
    return Object.fromEntries(rows.map(({ host, outcomes }) => [host, outcomes]));
  };
  await until(async () => Object.keys(await look()).length === Object.keys(wanted).length, 'the events of the turn');
  expect(await look()).toEqual(wanted);
}

function accessFile(port: number): string {
  return `
channels:
  "#platform-eng": { bundles: [origin] }
bundles:
  origin:
    connections: [keyed]
    domains: [{ host: ${OPEN}, addresses: &there ["127.0.0.1/32:${port}"] }]
connections:
  keyed:
    host: ${KEYED}
    credential: { kind: basic, fromEnv: ORIGIN_LOGIN }
    addresses: *there
`;
}
