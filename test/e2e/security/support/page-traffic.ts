import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Installation } from '../../../support/installation/installation.ts';
import type { Place } from './renderings.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', '..', '..');

/** Starts the page of this installation, looks at a thread as a browser does, and returns everything that came over. */
export async function pageTraffic(bellhop: Installation, session: string): Promise<Place[]> {
  const home = path.join(bellhop.home, 'page');
  await mkdir(home);
  const page = spawn(process.execPath, ['demo/page/server/main.ts'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      BELLHOP_HOME: home,
      PAGE_PORT: '0',
      BELLHOP_DATABASE_URL: bellhop.databaseUrl('console'),
      SLACK_SIMULATOR_URL: bellhop.slack.url,
      SLACK_SIMULATOR_TOKEN: bellhop.slack.controlToken,
      ACME_URL: `https://127.0.0.1:${bellhop.acme.port}`,
      ACME_CA: bellhop.acme.authorityPath,
      ACME_CONTROL_TOKEN: bellhop.acmeControlToken,
    },
  });
  const ended = once(page, 'exit');
  try {
    const [line] = (await once(createInterface(page.stdout), 'line')) as [string];
    const entry = await fetch((JSON.parse(line) as { url: string }).url, { redirect: 'manual' });
    const headers = { cookie: (entry.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '' };
    const get = async (at: string) => ({ name: `page ${at}`, bytes: await read(new URL(at, entry.url), headers) });
    const { rows } = await bellhop.database.query<{ id: string }>('select id from egress_event where session = $1', [
      session,
    ]);
    const live = `/api/live?session=${encodeURIComponent(session)}`;
    const access = `/api/access?session=${encodeURIComponent(session)}&turn=1`;
    const [, team, channel] = session.split(':');
    const reach = `/api/reach?scope=channel:${team}:${channel}`;
    return await Promise.all(['/', live, access, reach, ...rows.map(({ id }) => `/api/why/${id}`)].map(get));
  } finally {
    page.kill('SIGTERM');
    await ended;
  }
}

/** A stream of events does not end: it is followed for three seconds. */
async function read(url: URL, headers: Readonly<Record<string, string>>): Promise<Buffer> {
  const gone = new AbortController();
  const response = await fetch(url, { headers, signal: gone.signal });
  if (!response.ok || !response.body) throw new Error(`the page answered ${response.status} to ${url.pathname}`);
  const chunks: Buffer[] = [];
  const until = Date.now() + 3_000;
  const timer = setTimeout(() => gone.abort(), 3_000);
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) chunks.push(Buffer.from(chunk));
  } catch (error) {
    if (Date.now() < until - 10) throw error;
  }
  clearTimeout(timer);
  return Buffer.concat(chunks);
}
