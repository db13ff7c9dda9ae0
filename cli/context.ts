import { reasonOf, SetupError } from '../setup/errors.ts';
import { databaseUrlFor } from '../setup/host/database-urls.ts';
import { type Home, homeFolder, openHome } from '../setup/host/home.ts';
import { type Database, openDatabase } from '../store/database.ts';

/** What most commands need: the installation on this machine, and its database with the `admin` role. */
export interface CliContext extends AsyncDisposable {
  readonly home: Home;
  readonly installation: string;
  readonly database: Database;
}

/**
 * Opens the installation and its database. Uses the database that `bellhop up` set up here, unless
 * `BELLHOP_DATABASE_URL` names another one. `await using` closes it.
 *
 * @example
 *   await using context = await openCliContext();
 *   const channels = await listChannels(context.database);
 */
export async function openCliContext(environment: NodeJS.ProcessEnv = process.env): Promise<CliContext> {
  const home = await openHome(homeFolder(environment));
  const url = environment.BELLHOP_DATABASE_URL || (await databaseUrlFor(home.databaseUrls, 'admin'));
  const database = openDatabase({ url, name: 'cli', connections: 2 });
  await expectAnswer(database, url);
  return {
    home,
    installation: home.installation.id,
    database,
    async [Symbol.asyncDispose]() {
      await database.end();
    },
  };
}

/** Fails with advice when the database does not answer. Nearly always the reason is that Bellhop is not running. */
async function expectAnswer(database: Database, url: string): Promise<void> {
  try {
    await database.query('select 1');
  } catch (error) {
    await database.end();
    const { host } = new URL(url);
    throw new SetupError(
      'postgres-unavailable',
      `the database at ${host} does not answer: ${reasonOf(error)}`,
      'start Bellhop with `./bellhop up` and leave it running',
    );
  }
}
