import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import { startOrigin } from '../../../integration/proxy/support/origin.ts';
import { createTestAuthority } from '../../../integration/proxy/support/test-authority.ts';
import { type Installation, startInstallation } from '../../../support/installation/installation.ts';
import { TEAM } from '../../../support/installation/turns.ts';
import { createHostileServer, type HostileServer, tool } from '../../../support/mcp/hostile-server.ts';
import { until } from '../../../support/until.ts';

const run = promisify(execFile);

export const NEWS = 'news.origin.test';
export const LEDGER = 'ledger.origin.test';
export const EVIL = 'evil.origin.test';
const TRACKER = 'tracker.origin.test';

/** One request as a host of this outside world saw it. */
export interface Arrival {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly authorization: string | null;
  readonly body: string;
}

export interface Page {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A whole Bellhop whose model obeys every order it reads, and an outside world that gives them. */
export interface Scene extends AsyncDisposable {
  readonly bellhop: Installation;
  readonly arrivals: readonly Arrival[];
  readonly tracker: HostileServer;
  /** What the news serve, by path. */
  readonly pages: Map<string, Page>;
  /** Commits a file to `main` of the shop's repository, past everything of Bellhop. */
  commit(file: string, text: string, message?: string): Promise<void>;
  /** The shop's branches and tags, and where they stand. */
  refs(): Promise<string>;
  /** Who made the newest commit of `main`. */
  author(): Promise<string>;
}

/** Before the tracker is listed: its descriptions and its tools are read once. */
export interface SceneOptions {
  readonly tools: readonly { readonly name: string; readonly description: string }[];
  readonly token: string;
  /** The topic of #launch, and the title of Mallory, who is a member there. */
  readonly topic: string;
  readonly title: string;
}

const MALLORY = 'U00MALLORY1';
/** A place and a person that somebody has described. */
function described({ topic, title }: SceneOptions) {
  const mallory = {
    ...({ id: MALLORY, name: 'mallory', realName: 'Mallory Grey', title, kind: 'member' } as const),
    ...{ teamId: TEAM, tz: 'Etc/UTC', email: 'mallory@acme.test', bot: null },
  };
  const launch = {
    ...({ id: 'C00000LAUNCH', name: 'launch', kind: 'public', topic, isGeneral: false, isArchived: false } as const),
    ...{ isExtShared: false, created: 1_767_225_600, members: ['U0000000ADA', MALLORY, 'U000BELLHOP'] },
  };
  return { people: [mallory], channels: [launch] };
}

export async function startScene(options: SceneOptions): Promise<Scene> {
  const { tools, token } = options;
  await using started = new AsyncDisposableStack();
  const authority = await createTestAuthority();
  const arrivals: Arrival[] = [];
  const pages = new Map<string, Page>();
  const tracker = createHostileServer(`https://${EVIL}/moved`);
  tracker.tools = tools.map(({ name, description }) => tool(name, { description }));
  const onRequest: RequestListener = (request, response) => {
    const host = request.headers.host ?? '';
    if (host === TRACKER) return tracker.onRequest(request, response);
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
    });
    request.on('end', () => {
      const { method = '', url = '/', headers } = request;
      arrivals.push({ host, method, path: url, authorization: headers.authorization ?? null, body });
      const page = host === NEWS ? pages.get(url) : { body: 'ok\n' };
      response.writeHead(page?.status ?? (page ? 200 : 404), page?.headers).end(page?.body ?? 'nothing here\n');
    });
  };
  const hosts = [NEWS, LEDGER, EVIL, `*.${EVIL}`, TRACKER];
  const origin = started.use(await startOrigin({ authority, hosts, onRequest }));
  const bellhop = started.use(
    await startInstallation({
      ...{ modelObeys: 'everything', secrets: { ORIGIN_TOKEN: token }, slack: { more: described(options) } },
    }),
  );
  const repository = path.join(bellhop.home, 'acme', 'forge', 'repositories', 'acme', 'shop.git');
  tracker.expects = token;
  const authorityFile = path.join(bellhop.home, 'origins.pem');
  await writeFile(authorityFile, authority.pem);
  const at = `127.0.0.1:${origin.port}`;
  await bellhop.operate({
    // The evil one is there, so that a request that got out would arrive.
    hosts: Object.fromEntries([NEWS, LEDGER, EVIL, `leak.${EVIL}`, TRACKER].map((host) => [host, at])),
    ceilings: [{ range: '127.0.0.1/32', ports: [origin.port] }],
    caBundles: [authorityFile],
  });
  await bellhop.apply(accessFile(origin.port));
  const listed = () =>
    bellhop.database.query("select 1 from mcp_server where connection = 'tracker' and listed is not null");
  await until(async () => (await listed()).rowCount === 1, "the list of the tracker's tools", 30_000);
  await connectOwn(bellhop, 'ada');
  const scene = started.move();
  return {
    ...{ bellhop, arrivals, tracker, pages },
    async commit(file, text, message = 'A word') {
      const data = (value: string) => `data ${Buffer.byteLength(value)}\n${value}\n`;
      const who = 'Mallory <mallory@acme.test> 1767258000 +0000';
      const stream = `commit refs/heads/main\ncommitter ${who}\n${data(message)}from refs/heads/main^0\nM 100644 inline ${file}\n${data(text)}\n`;
      const importing = run('git', ['-C', repository, 'fast-import', '--quiet']);
      importing.child.stdin?.end(stream);
      await importing;
    },
    refs: async () => (await run('git', ['-C', repository, 'for-each-ref'])).stdout,
    author: async () => (await run('git', ['-C', repository, 'log', '-1', '--format=%cn', 'main'])).stdout.trim(),
    [Symbol.asyncDispose]: () => scene.disposeAsync(),
  };
}

/** A person connects their own account at the forge. */
async function connectOwn({ slack, ownTokens }: Installation, who: 'ada' | 'linus'): Promise<void> {
  const asked = await slack.post(who, await slack.openDm(who), 'connect gitea');
  await slack.click(who, await slack.waitForAnswer(asked, /Press the button/), 'bellhop_connect');
  await slack.waitForModal(who);
  await slack.submit(who, { token: `${who}:${ownTokens[who]}` });
  await slack.waitForAnswer(asked, /is connected/);
}

/** JSON is YAML. */
function accessFile(port: number): string {
  const addresses = [`127.0.0.1/32:${port}`];
  const acme = ['127.0.0.1/32:7443'];
  const credential = { kind: 'bearer', fromEnv: 'ORIGIN_TOKEN' };
  return JSON.stringify({
    organization: { bundles: ['news'] },
    channels: { '#platform-eng': { bundles: ['work'] }, '#partners': { guests: 'allow' } },
    people: { offer: [{ preset: 'gitea', host: 'git.acme.test', addresses: acme }], 'in-channels': 'ask' },
    bundles: {
      news: { domains: [{ host: NEWS, addresses }] },
      work: {
        connections: ['acme-git', 'ledger', 'tracker'],
        repositories: [{ repository: 'acme/shop', access: 'propose' }],
      },
    },
    connections: {
      'acme-git': {
        ...{ preset: 'gitea', host: 'git.acme.test', addresses: acme },
        credential: { kind: 'basic', fromEnv: 'ACME_LOGIN' },
      },
      ledger: { host: LEDGER, methods: ['GET'], paths: ['/v1'], addresses, credential },
      tracker: {
        ...{ kind: 'mcp', url: `https://${TRACKER}/mcp`, addresses, credential },
        tools: { allow: ['*'], deny: ['delete_*'], approve: ['send_money'] },
      },
    },
  });
}
