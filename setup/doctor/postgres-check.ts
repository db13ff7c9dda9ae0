import { reasonOf } from '../errors.ts';
import { type DatabaseUrls, readDatabaseUrls } from '../host/database-urls.ts';
import type { Home } from '../host/home.ts';
import { findPostgresBinaries } from '../postgres/binaries.ts';
import { waitForPostgres } from '../postgres/wait.ts';
import type { Settings } from '../settings.ts';
import type { Finding } from './finding.ts';

const ANSWER_MS = 3_000;
const TITLE = { id: 'postgres', title: 'PostgreSQL' } as const;

export async function checkPostgres(home: Home, settings: Settings, running: boolean): Promise<Finding> {
  const known = await readDatabaseUrls(home.databaseUrls);
  if (settings.databaseUrl)
    return await checkServer(settings.databaseUrl, `DATABASE_URL: ${hostOf(settings.databaseUrl)}`);
  if (running && known) return await checkServer(known.owner, `embedded, at ${hostOf(known.owner)}`);
  return await checkEmbedded(known);
}

async function checkServer(url: string, detail: string): Promise<Finding> {
  try {
    await waitForPostgres(url, AbortSignal.timeout(ANSWER_MS));
    return { ...TITLE, state: 'ok', detail };
  } catch (error) {
    const fix = 'start it, or correct DATABASE_URL';
    return { ...TITLE, state: 'missing', detail: `${detail}: ${reasonOf(error)}`, fix };
  }
}

async function checkEmbedded(known: DatabaseUrls | undefined): Promise<Finding> {
  try {
    const { version } = await findPostgresBinaries(undefined);
    const detail = `embedded ${version}, ${known ? 'not running' : 'not set up yet'}; DATABASE_URL would replace it`;
    return { ...TITLE, state: 'later', detail };
  } catch (error) {
    return { ...TITLE, state: 'missing', detail: reasonOf(error), fix: 'set DATABASE_URL to a PostgreSQL you have' };
  }
}

function hostOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
