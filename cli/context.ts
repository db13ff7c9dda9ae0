import { reasonOf, SetupError } from '../setup/errors.ts';
import { databaseUrlFor } from '../setup/host/database-urls.ts';
import { type Home, homeFolder, openHome } from '../setup/host/home.ts';
import { type Database, openDatabase } from '../store/database.ts';

/** What a command works with: the installation on this machine, and its database as the `admin` role. */
export interface CliContext extends AsyncDisposable {
  readonly home: Home;
  readonly installation: string;
  readonly database: Database;
}

/**
 * Opens what most commands need; `await using` closes it. `BELLHOP_DATABASE_URL` names another machine's database, else the
 * one `bellhop up` set up here is used.
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

/** Says what to do when nobody answers, which is nearly always that Bellhop does not run. */
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
