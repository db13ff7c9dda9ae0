import path from 'node:path';
import { createProxyControl, type ProxyControl } from '../../../proxy/control-client.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { until } from '../../support/until.ts';
import { run } from './support/work.ts';

const SIGNUPS = 'https://api.acme.test/v1/signups';

let bellhop: Installation;
let control: ProxyControl;

beforeAll(async () => {
  bellhop = await startInstallation({ secrets: { DOCS_TOKEN: 'a secret of the other connection' } });
  control = createProxyControl({ socketPath: path.join(bellhop.home, 'run', 'control.sock') });
}, 120_000);
beforeEach(async () => {
  const demo = await bellhop.demoFile();
  await bellhop.apply(
    demo
      .replace('connections: [acme-readonly]', 'connections: [acme-readonly, docs]')
      .replace(
        'connections:\n  acme-readonly:',
        'connections:\n  docs:\n    host: docs.acme.test\n    addresses: *demo\n    credential: { kind: bearer, fromEnv: DOCS_TOKEN }\n  acme-readonly:',
      ),
  );
}, 30_000);
afterAll(async () => {
  await control?.close();
  await bellhop?.[Symbol.asyncDispose]();
}, 60_000);

test('an attacker who can write the database cannot move a credential to another connection', async () => {
  await bellhop.database.query(
    `update credential set sealed = whole.sealed from credential whole
     where credential.connection = 'docs' and whole.connection = 'acme-readonly'
       and whole.version = (select max(version) from credential where connection = 'acme-readonly')`,
  );
  await changePolicy('document');
  const { output } = await run(bellhop, 'curl -sS -i https://docs.acme.test/');
  expect(failureOf(output)).toMatchObject({ code: 'inject_failed', connection: 'docs', host: 'docs.acme.test' });
  // The credential itself is as good as before where it belongs.
  const { output: others } = await run(bellhop, `curl -sS ${SIGNUPS}`);
  expect(others).toContain('"caller": "svc-bellhop"');
}, 60_000);

test('an attacker who can write the database cannot send a credential to another host', async () => {
  await changePolicy(`replace(document::text, '"host": "api.acme.test"', '"host": "paste.acme.test"')::jsonb`);
  const { output } = await run(bellhop, 'curl -sS -i https://paste.acme.test/');
  expect(failureOf(output)).toMatchObject({
    code: 'inject_failed',
    connection: 'acme-readonly',
    host: 'paste.acme.test',
  });
}, 60_000);

test("the same person has a channel's credential in the channel and not in a direct message", async () => {
  const inChannel = await run(bellhop, `curl -sS ${SIGNUPS}`, { as: 'ada' });
  expect(inChannel.output).toContain('"caller": "svc-bellhop"');

  const channel = await bellhop.slack.openDm('ada');
  const inPerson = await run(bellhop, `curl -sS -i ${SIGNUPS}`, { as: 'ada', channel });
  expect(inPerson.output).toMatch(/HTTP\/1.1 403[\s\S]*code=not_allowed/);
  const { rows } = await bellhop.database.query('select principal, scope from session where id = $1', [
    inPerson.session,
  ]);
  expect(rows).toEqual([{ principal: 'person:T000000ACME:U0000000ADA', scope: 'person:T000000ACME:U0000000ADA' }]);
}, 60_000);

/** Puts another document in force, past everything that checks one. */
async function changePolicy(expression: string): Promise<void> {
  await bellhop.database.query(
    `insert into policy (version, document, source, applied_by)
     select version + 1, ${expression}, source, 'nobody' from policy order by version desc limit 1`,
  );
  await bellhop.database.query("select pg_notify('bellhop_policy', '')");
  const { rows } = await bellhop.database.query<{ version: number }>('select max(version) as version from policy');
  await until(async () => (await control.health()).policy.version === rows[0]?.version, 'the policy at the proxy');
}

function failureOf(output: string): unknown {
  expect(output).toContain('HTTP/1.1 502');
  return (JSON.parse(output.split('\r\n\r\n').at(-1) ?? '') as { error: unknown }).error;
}
