/** The order in which MCP servers are asked for their tools, while many of them hang. */
import type { ServerView } from '../../../proxy/control-client.ts';
import { claimListing, type ListingPauses, noteListingProblem } from '../../../store/mcp-servers.ts';
import { takeWanted, wantListing } from '../../../store/own-servers.ts';
import { createListServers, type ListServers } from '../../../workers/runner/list-servers.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

let db: TestDatabase;
let stopping: AbortController;
let asked: string[];
let inForce: ServerView[];
let lists: ListServers;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await db.database.query('delete from mcp_server');
  stopping = new AbortController();
  asked = [];
  inForce = [];
  lists = listsWith({ usualMs: 0, troubledMs: 0 });
});
afterEach(async () => {
  stopping.abort(new Error('the test is over'));
  await lists.idle();
});

function listsWith(pauses: ListingPauses): ListServers {
  return createListServers({
    database: db.database,
    proxy: {
      servers: async () => inForce,
      // Those that are not quick take what they are asked, and never answer.
      askServer: ({ connection }, _name, { signal }) => {
        asked.push(connection);
        if (connection.startsWith('quick')) return Promise.reject(new Error('it is away'));
        return new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
        );
      },
    },
    log: { warn: () => {} },
    stopping: stopping.signal,
    pauses,
  });
}

const server = (connection: string): ServerView => ({ connection, url: `https://${connection}.test/mcp` });
const many = (name: string, count: number) => Array.from({ length: count }, (_, index) => server(`${name}-${index}`));

/** Servers that were asked before, and were not well. */
async function troubled(servers: readonly ServerView[], owner = ''): Promise<void> {
  for (const each of servers) {
    await claimListing(db.database, { owner, ...each }, { usualMs: 0, troubledMs: 0 });
    await noteListingProblem(db.database, { owner, ...each }, 'It did not list its tools in time.');
  }
}

test('eighty servers that hang delay none that is new', async () => {
  const hanging = many('hang', 80);
  await troubled(hanging);
  inForce = hanging;
  await lists.look();
  await until(() => asked.length === 8, 'the first of those that hang');
  inForce = [...hanging, server('fresh')];
  await lists.look();
  await until(() => asked.includes('fresh'), 'the new one');
  expect(asked.filter((each) => each !== 'fresh')).toHaveLength(8);
});

test('of those that were not well, the one that has waited longest comes first', async () => {
  const hanging = many('hang', 12);
  await troubled(hanging);
  await db.database.query("update mcp_server set asked_at = now() - interval '1 hour' where connection = 'hang-11'");
  inForce = hanging;
  await lists.look();
  await until(() => asked.length === 8, 'the first of those that hang');
  expect(asked[0]).toBe('hang-11');
});

test('servers of the file that hang do not delay those of people, nor the other way round', async () => {
  inForce = many('file', 8);
  await lists.look();
  await until(() => asked.length === 8, 'those of the file');
  const ada = { owner: 'person:T1:UADA', connection: 'personal/notes', url: 'https://notes.test/mcp' };
  await wantListing(db.database, ada, true);
  await lists.look();
  await until(() => asked.includes('personal/notes'), 'that of a person');
});

test('one that ends makes room for the next at once', async () => {
  inForce = many('quick', 20);
  lists = listsWith({ usualMs: 60_000, troubledMs: 60_000 });
  await lists.look();
  await until(() => new Set(asked).size === 20, 'all of them', 4_000);
});

test('two runners share what people want, and what is new comes before what failed', async () => {
  const { database } = db;
  for (let person = 0; person < 6; person += 1) {
    const ref = { owner: `person:T1:U${person}`, connection: 'personal/notes', url: 'https://notes.test/mcp' };
    await wantListing(database, ref, true);
  }
  const [one, other] = await Promise.all([takeWanted(database, false, 4), takeWanted(database, false, 4)]);
  const owners = [...one, ...other].map(({ owner }) => owner);
  expect(new Set(owners).size).toBe(owners.length);
  expect([...owners, ...(await takeWanted(database, false, 4)).map(({ owner }) => owner)]).toHaveLength(6);
  expect(await takeWanted(database, true, 4)).toEqual([]);
});
