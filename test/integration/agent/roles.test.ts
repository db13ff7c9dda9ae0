import { finalText } from '../../../agent/final-text.ts';
import { startModelApi } from '../../../simulators/model-api/server.ts';
import { openDatabase } from '../../../store/database.ts';
import { saveFile } from '../../../store/files.ts';
import { DATABASE_ROLES, type DatabaseRole, dropRoles, ensureRoles, urlForRole } from '../../../store/roles.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createFakeSandbox } from './support/fake-sandbox.ts';
import { newSession, say, sayAndBegin } from './support/session.ts';
import { agentOf, runTurn } from './support/turn.ts';

test('the agent role can do every model step, and the runner role every tool step', async () => {
  await using db = await createTestDatabase();
  const installation = `agentroles${process.pid}`;
  const passwords = Object.fromEntries(DATABASE_ROLES.map((role) => [role, 'pw'])) as Record<DatabaseRole, string>;
  await ensureRoles(db.url, installation, passwords);
  const pools = (['agent', 'runner'] as const).map((role) =>
    openDatabase({ url: urlForRole(db.url, installation, role, 'pw'), name: role, connections: 2 }),
  );
  const [agent, runner] = pools;
  await using api = await startModelApi({ scenarios: [], port: 0, apiKey: null, delayMs: 0 });
  await using sandbox = await createFakeSandbox();
  try {
    if (!agent || !runner) throw new Error('no pools');
    const session = await newSession(db.database);
    const file = await saveFile(db.database, {
      session,
      name: 'f',
      bytes: Buffer.from('x'),
      direction: 'in',
      origin: 'F1',
    });
    await say(db.database, session, { text: 'with a file', files: [{ name: 'f', size: 1, file }] });
    const turn = await sayAndBegin(db.database, session, '$ echo under a role');
    await runTurn(agentOf(agent, api.url), sandbox, session, turn, { toolDatabase: runner });
    expect(await finalText(agent, session, turn)).toContain('under a role');
    // A small window, so that summarising is part of it.
    const next = await sayAndBegin(db.database, session, '$ echo again');
    await runTurn(agentOf(agent, api.url, 100), sandbox, session, next, { toolDatabase: runner });
    const { rows } = await db.database.query("select count(*)::int as n from transcript where role = 'summary'");
    expect(rows[0].n).toBeGreaterThan(0);
  } finally {
    await Promise.all(pools.map((pool) => pool.end()));
    await dropRoles(db.url, installation);
  }
});
