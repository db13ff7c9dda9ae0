/** Somebody connects an MCP server and asks at once: the turn waits a moment for the first list, which a runner is woken for. */
import type { EffectiveAccess } from '../../../access/decision.ts';
import { lacksFirstLists, waitForFirstLists } from '../../../agent/mcp/first-lists.ts';
import { noteListingProblem, type ServerRef, storeListing } from '../../../store/mcp-servers.ts';
import { listenTo, type Notifications } from '../../../store/notifications.ts';
import { takeWanted, wantListing } from '../../../store/own-servers.ts';
import { contention } from '../../support/contention.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const NOTES: ServerRef = { owner: 'person:T1:UADA', connection: 'personal/notes', url: 'https://notes.test/mcp' };
const TEAM: ServerRef = { owner: '', connection: 'tracker', url: 'https://tracker.test/mcp' };

let db: TestDatabase;
let listening: Notifications;
let onWanted: (payload: string) => Promise<void>;

beforeAll(async () => {
  db = await createTestDatabase();
  listening = listenTo({
    ...{ url: db.url, name: 'test', channels: ['bellhop_servers'] },
    onNotify: (_, payload) => void onWanted(payload),
  });
});
afterAll(async () => {
  await listening?.stop();
  await db?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  onWanted = async () => {};
  await db.database.query('delete from mcp_server');
});

const accessTo = (...servers: readonly ServerRef[]) =>
  ({
    enabled: true,
    servers: servers.map(({ owner, connection: id, url }) => ({ connection: { id, ...(owner && { owner }) }, url })),
  }) as unknown as EffectiveAccess;

const tool = { digest: 'd', problem: null, definition: { name: 'list', inputSchema: { type: 'object' } } as never };

async function waited(access: EffectiveAccess): Promise<number> {
  const before = performance.now();
  await waitForFirstLists(db.database, access);
  return performance.now() - before;
}

test('a runner is woken when a server was connected, and the turn has its tools', async () => {
  onWanted = async () => {
    for (const each of await takeWanted(db.database, false, 8)) await storeListing(db.database, each, [tool]);
  };
  await wantListing(db.database, NOTES, true);
  const access = accessTo(NOTES);
  await waited(access);
  expect(await lacksFirstLists(db.database, access)).toBe(false);
  expect(await waited(access)).toBeLessThan(1_000);
});

test('a server that cannot be asked is not waited for', async () => {
  onWanted = async () => {
    for (const each of await takeWanted(db.database, false, 8)) await noteListingProblem(db.database, each, 'away');
  };
  await waited(accessTo(NOTES));
  expect(await lacksFirstLists(db.database, accessTo(NOTES))).toBe(false);
  // Another credential is another beginning.
  onWanted = async () => {};
  await wantListing(db.database, NOTES, true);
  expect(await lacksFirstLists(db.database, accessTo(NOTES))).toBe(true);
});

test('for a server of the access file all are looked at; one that hangs costs a moment and no more', async () => {
  const payloads: string[] = [];
  onWanted = async (payload) => void payloads.push(payload);
  expect(await waited(accessTo(TEAM))).toBeLessThan(6_000 * contention());
  expect(await lacksFirstLists(db.database, accessTo(TEAM))).toBe(true);
  expect(payloads).toContain('file');
});

test('where the agent is switched off nothing is waited for', async () => {
  expect(await lacksFirstLists(db.database, { ...accessTo(NOTES), enabled: false })).toBe(false);
  expect(await lacksFirstLists(db.database, accessTo())).toBe(false);
});
