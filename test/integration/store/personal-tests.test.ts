import { askForTest, takeTest } from '../../../store/personal-tests.ts';
import { createTestDatabase } from '../../support/database.ts';

const ADA = { team: 'T1', person: 'UADA' };
const BO = { team: 'T1', person: 'UBO' };

test('a proxy takes the test that has waited longest, of no service and no person that is full, and each one once', async () => {
  await using stage = await createTestDatabase();
  const db = stage.database;
  const asked = [
    { key: '1', ...ADA, connection: 'gitea' },
    { key: '2', ...BO, connection: 'gitea' },
    { key: '3', ...ADA, team: 'T2', connection: 'jira' },
    { key: '4', ...BO, connection: 'jira' },
  ];
  for (const each of asked) await askForTest(db, each, { channel: 'D1', threadTs: null });
  const take = async (connections: readonly string[], people: readonly (typeof ADA)[]) =>
    (await takeTest(db, { connections, people }))?.key ?? null;
  // The same id in another workspace is another person.
  expect(await take(['gitea'], [ADA])).toBe('3');
  expect(await take([], [ADA, BO])).toBeNull();
  expect(await take(['gitea', 'jira'], [])).toBeNull();
  expect(await take([], [ADA])).toBe('2');
  expect(await take([], [])).toBe('1');
  expect(await take([], [])).toBe('4');
  expect(await take([], [])).toBeNull();
});
