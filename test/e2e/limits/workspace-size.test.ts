import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { waitForTurn } from '../../support/installation/turns.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation({
    environment: { BELLHOP_SANDBOX_WORKSPACE_MB: '100', BELLHOP_SANDBOX_WORKSPACE_FILES: '2000' },
  });
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

/** What came of the commands of one answered turn. */
async function toolSteps(text: string) {
  const mention = await bellhop.slack.post('ada', '#general', text);
  const { session, state } = await waitForTurn(bellhop, mention, 1, 60_000);
  expect(state).toBe('answered');
  const { rows } = await bellhop.database.query(
    "select output, exit_code from step where session = $1 and kind = 'tool' order by number",
    [session],
  );
  return rows;
}

test('a command that fills the workspace over its size is ended, told why, and the next one can clean up', async () => {
  const text =
    '@bellhop\n$ dd if=/dev/zero of=big bs=1M count=150; sleep 30\n$ rm big && df -h . | tail -1 && echo usable';
  const rows = await toolSteps(text);
  expect(rows[0].exit_code).toBe(137);
  expect(rows[0].output).toMatch(/The workspace takes 1[0-5]\d MB of 100 MB/);
  expect(rows[1]).toMatchObject({ exit_code: 0 });
  expect(rows[1].output).toContain('usable');
}, 90_000);

test('a command that makes more files than the workspace may hold is ended, told why, and the next one can clean up', async () => {
  const text = '@bellhop\n$ mkdir many; cd many; seq 3000 | xargs touch; sleep 30\n$ rm -r many && echo usable';
  const rows = await toolSteps(text);
  expect(rows[0].exit_code).toBe(137);
  expect(rows[0].output).toMatch(/The workspace holds (2\d{3}|30\d\d) files of 2000/);
  expect(rows[1]).toMatchObject({ exit_code: 0, output: 'usable\n' });
}, 90_000);
