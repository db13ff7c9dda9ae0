import type { PersonalOffer } from '../../../access/people-access.ts';
import { personalConnection } from '../../../access/personal-access.ts';
import { bindingOf } from '../../../credentials/binding.ts';
import { createKeyPair, type KeyPair } from '../../../credentials/key-pair.ts';
import { open } from '../../../credentials/open.ts';
import { noteTokenAnswer } from '../../../store/personal-tokens.ts';
import { fileOf } from '../../support/access-yaml.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { everyText, type SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

const CANARY = 'ghp_canaryOfAPerson0123456789';
const ADA = 'U0000000ADA';
const NO_OFFERS: readonly PersonalOffer[] = [];
const OFFERS = fileOf('people: { offer: [github, linear] }\n').people?.offers ?? [];

let stage: GatewayStage;
let keys: KeyPair;
let offers = OFFERS;
let direct: 'on' | 'off' = 'on';

beforeAll(async () => {
  keys = await createKeyPair();
  stage = await startGatewayStage();
  await stage.db.database.query('insert into installation (id, public_key, key_id) values ($1, $2, $3)', [
    'test',
    Buffer.from(keys.publicKey.bytes).toString('base64'),
    keys.publicKey.id,
  ]);
  await stage.start({
    offers: async () => offers,
    whyOff: async (scope) => (direct === 'off' && scope.startsWith('person:') ? 'direct-messages' : null),
  });
}, 60_000);
beforeEach(async () => {
  offers = OFFERS;
  direct = 'on';
  await stage.db.database.query('delete from personal_connection');
});
afterAll(() => stage?.[Symbol.asyncDispose]());

interface Stored {
  readonly person: string;
  readonly connection: string;
  readonly version: number;
  readonly sealed: Buffer;
}

async function stored(): Promise<Stored[]> {
  const { rows } = await stage.db.database.query<Stored>(
    'select person, connection, version, sealed from personal_connection order by person, connection',
  );
  return rows;
}

function opened({ connection, version, sealed }: Stored, owner: `person:${string}:${string}`): Promise<string> {
  const offer = OFFERS.find(({ name }) => name === connection);
  if (!offer) throw new Error(`${connection} is not offered`);
  return open(keys, bindingOf(personalConnection(offer, owner, version)), sealed);
}

/** Every text and byte of the database, in the form in which a token would be readable. */
async function everything(): Promise<string> {
  const { rows } = await stage.db.database.query<{ name: string }>(
    "select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
  );
  const tables = await Promise.all(
    rows.map(async ({ name }) => (await stage.db.database.query(`select * from ${name}`)).rows),
  );
  return JSON.stringify(tables, (_, value) =>
    value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value,
  );
}

async function ask(as: string, text: string, matches: RegExp): Promise<[SimMessage, SimMessage]> {
  const message = await stage.slack.post(as, await stage.slack.openDm(as), text);
  return [message, await stage.slack.waitForAnswer(message, matches)];
}

test('a person connects by a button and a form; the token is sealed for them alone, and readable nowhere', async () => {
  const { slack } = stage;
  const [, list] = await ask('ada', 'connections', /GitHub \(github\): not connected/);
  expect(everyText(list)).toMatch(/Linear \(linear\): not connected/);

  const [asked, answer] = await ask('ada', 'connect github', /personal access token.*Never write it in a message/s);
  expect(everyText(answer)).toMatch(/https:\/\/github\.com\/settings\/personal-access-tokens/);
  await slack.click('ada', answer, 'bellhop_connect');
  const form = await slack.waitForModal('ada');
  expect(form.title).toBe('Connect GitHub');

  const wrong = await slack.submit('ada', { token: 'a token\u0007with a bell' });
  expect(wrong).toMatchObject({ acknowledged: true, closed: false });
  expect(wrong.errors.token).toMatch(/cannot be used/);
  expect(await stored()).toEqual([]);

  expect(await slack.submit('ada', { token: ` ${CANARY} ` })).toMatchObject({ closed: true, errors: {} });
  await slack.waitForAnswer(asked, /GitHub is connected.*`disconnect github`/s);
  const [row] = await stored();
  if (!row) throw new Error('nothing was stored');
  expect(row).toMatchObject({ person: ADA, connection: 'github' });
  expect(await opened(row, `person:${TEAM}:${ADA}`)).toBe(CANARY);
  await expect(opened(row, `person:${TEAM}:U00000GRACE`)).rejects.toMatchObject({ code: 'does_not_open' });

  await ask('ada', 'connections', /GitHub \(github\): connected on/);
  expect(await everything()).not.toContain(CANARY);
  expect(JSON.stringify(stage.logged)).not.toContain(CANARY);
  expect(JSON.stringify(await slack.state())).not.toContain(CANARY);
  expect(await stage.runs(stage.sessionOf(asked))).toBe(0);
});

test('renewing makes a new version, and no version comes twice', async () => {
  const { slack } = stage;
  for (const token of ['one-0123456789', 'two-0123456789']) {
    const [, answer] = await ask('ada', 'renew github', /Press the button/);
    await slack.click('ada', answer, 'bellhop_connect');
    await slack.waitForModal('ada');
    expect((await slack.submit('ada', { token })).closed).toBe(true);
  }
  const [second] = await stored();
  if (!second) throw new Error('nothing was stored');
  expect(await opened(second, `person:${TEAM}:${ADA}`)).toBe('two-0123456789');
  await ask('ada', 'disconnect github', /removed.*delete it where you made it/s);
  expect(await stored()).toEqual([]);
  await ask('ada', 'disconnect github', /have not connected github/);
  await slack.openHome('ada');
  await slack.waitForHome('ada', /GitHub\*: not connected/);
  await slack.pressAtHome('ada', 'bellhop_connect', 'github');
  await slack.waitForModal('ada');
  await slack.submit('ada', { token: 'three-0123456789' });
  expect((await stored())[0]?.version).toBeGreaterThan(second.version);
});

describe('a test of a connection', () => {
  const query = (sql: string, values: unknown[] = []) => stage.db.database.query(sql, values);
  const add = () =>
    query(
      "insert into personal_connection (team, person, connection, key_id, sealed) values ($1, $2, 'github', 'k', 'x')",
      [TEAM, ADA],
    );

  test('waits for a proxy, and what it says replaces the notice, once', async () => {
    const { slack } = stage;
    await ask('ada', 'test github', /Press the button/);
    await add();
    const [asked, notice] = await ask('ada', 'test github', /I am testing github/);
    const { rows } = await query('select person, connection, status, code from personal_test where not is_new');
    expect(rows).toEqual([{ person: ADA, connection: 'github', status: null, code: null }]);
    await query('update personal_test set status = 401, answered_at = now() where not is_new');
    const told = await slack.waitForAnswer(asked, /does not accept your token \(401\): write `renew github`/);
    expect(told.ts).toBe(notice.ts);
    expect(everyText(told)).toContain('Renew GitHub');
    expect(await slack.answers(asked)).toHaveLength(1);
    expect((await query('select 1 from personal_test where not is_new')).rowCount).toBe(0);
  });

  test('is made as soon as it is connected, and the same message tells what came of it', async () => {
    const { slack } = stage;
    const [asked, answer] = await ask('ada', 'connect github', /Press the button/);
    await slack.click('ada', answer, 'bellhop_connect');
    await slack.waitForModal('ada');
    await slack.submit('ada', { token: 'wrong-0123456789' });
    const notice = await slack.waitForAnswer(asked, /GitHub is connected.*I am testing it/s);
    await query('update personal_test set status = 401, answered_at = now()');
    const told = await slack.waitForAnswer(asked, /does not accept your token \(401\): write `renew github`/);
    expect(told.ts).toBe(notice.ts);
    expect(everyText(told)).not.toMatch(/I am testing|is connected/);

    // From the Home tab, where no message asks for it, it is told in the direct message.
    await slack.openHome('grace');
    await slack.waitForHome('grace', /Linear\*: not connected/);
    await slack.pressAtHome('grace', 'bellhop_connect', 'linear');
    await slack.waitForModal('grace');
    await slack.submit('grace', { token: 'lin_api_0123456789abcdefgh' });
    const test = () =>
      query("update personal_test set code = 'no_test', answered_at = now() where connection = 'linear'");
    await until(async () => (await test()).rowCount === 1, 'its test');
    const dm = await slack.openDm('grace');
    const said = async () =>
      (await slack.state()).messages.filter(
        (each) => each.channel === dm && /Linear is connected/.test(everyText(each)),
      );
    await until(async () => (await said()).length === 1, 'the message');
  });

  test('that nobody runs is told so after a minute', async () => {
    await add();
    const [asked] = await ask('ada', 'test github', /I am testing github/);
    await query("update personal_test set asked_at = now() - interval '61 seconds'");
    await stage.slack.waitForAnswer(asked, /Nobody has tested GitHub for a minute/);
  });
});

test('a token that a service refuses in use is told once, with a button, and is shown as refused until it is taken again', async () => {
  const { slack } = stage;
  const EDSGER = 'U0000EDSGER';
  await stage.db.database.query(
    "insert into personal_connection (team, person, connection, version, key_id, sealed) values ($1, $2, 'github', 900, 'k', 'x')",
    [TEAM, EDSGER],
  );
  const of = { team: TEAM, person: EDSGER, connection: 'github', version: 900 };
  await noteTokenAnswer(stage.db.database, of, true);
  const dm = await slack.openDm('edsger');
  const told = async () =>
    (await slack.state()).messages.filter(
      (one) => one.channel === dm && /does not accept your token any more/.test(one.text),
    );
  await until(async () => (await told()).length === 1, 'the words about the token');
  const [notice] = await told();
  await slack.openHome('edsger');
  await slack.waitForHome('edsger', /GitHub\*: refused by the service since .* \(401\).*paste a new one/);
  await slack.click('edsger', notice as SimMessage, 'bellhop_connect');
  await slack.waitForModal('edsger');
  await noteTokenAnswer(stage.db.database, of, false);
  await slack.openHome('edsger');
  await slack.waitForHome('edsger', /GitHub\*: connected on/);
  // A service that takes one request and refuses the next has nobody told again and again.
  await noteTokenAnswer(stage.db.database, of, true);
  await slack.openHome('edsger');
  await slack.waitForHome('edsger', /GitHub\*: refused by the service/);
  expect(await told()).toHaveLength(1);
});

test('the Home tab shows, connects and removes', async () => {
  const { slack } = stage;
  await slack.openHome('grace');
  await slack.waitForHome('grace', /Linear\*: not connected/);
  await slack.pressAtHome('grace', 'bellhop_connect', 'linear');
  await slack.waitForModal('grace');
  expect((await slack.submit('grace', { token: 'lin_api_0123456789abcdefgh' })).closed).toBe(true);
  await slack.waitForHome('grace', /Linear\*: connected on/);
  expect(await stored()).toMatchObject([{ person: 'U00000GRACE', connection: 'linear' }]);
  await slack.pressAtHome('grace', 'bellhop_disconnect', 'linear');
  await slack.waitForHome('grace', /Linear\*: not connected/);
  expect(await stored()).toEqual([]);
});

test('without an offer it is said what an administrator can do', async () => {
  offers = NO_OFFERS;
  await ask('linus', 'connections', /nothing that you can connect here.*people: \{ offer/s);
  await ask('linus', 'connect github', /nothing that you can connect here/);
  offers = OFFERS;
  await ask('linus', 'connect jira', /cannot connect jira\. You can connect: github, linear/);
});

test('a form that is not offered any more, a guest and a switched off place store nothing', async () => {
  const { slack } = stage;
  const form = async (as: string) => {
    await slack.openHome(as);
    await slack.waitForHome(as, /GitHub/);
    await slack.pressAtHome(as, 'bellhop_connect', 'github');
    return await slack.waitForModal(as);
  };
  await form('linus');
  offers = NO_OFFERS;
  expect((await slack.submit('linus', { token: CANARY })).errors.token).toMatch(/not offered any more/);
  offers = OFFERS;
  direct = 'off';
  expect((await slack.submit('linus', { token: CANARY })).errors.token).toMatch(/switched off/);
  direct = 'on';
  await form('gia');
  expect((await slack.submit('gia', { token: CANARY })).errors.token).toMatch(/Only members/);
  expect(await stored()).toEqual([]);
});

test('a database that is away is said in the form, and nothing is kept', async () => {
  const { slack, db } = stage;
  await slack.openHome('linus');
  await slack.waitForHome('linus', /GitHub/);
  await slack.pressAtHome('linus', 'bellhop_connect', 'github');
  await slack.waitForModal('linus');
  await db.database.query('alter table personal_connection rename to personal_connection_away');
  try {
    expect((await slack.submit('linus', { token: CANARY })).errors.token).toMatch(
      /may not have been stored.*look at `connections`/,
    );
  } finally {
    await db.database.query('alter table personal_connection_away rename to personal_connection');
  }
  expect(JSON.stringify(stage.logged)).not.toContain(CANARY);
  expect((await slack.submit('linus', { token: CANARY })).closed).toBe(true);
});

test('a press of Remove that does nothing is told, and the next one removes', async () => {
  const { slack, db } = stage;
  const sealed =
    "insert into personal_connection (team, person, connection, key_id, sealed) values ($1, $2, 'github', 'k', 'x')";
  await db.database.query(sealed, [TEAM, ADA]);
  await slack.openHome('ada');
  await slack.waitForHome('ada', /GitHub\*: connected on/);
  await db.database.query('alter table personal_connection rename to personal_connection_away');
  try {
    await slack.pressAtHome('ada', 'bellhop_disconnect', 'github');
    expect((await slack.waitForModal('ada')).title).toBe('Not removed');
    await slack.closeModal('ada');
  } finally {
    await db.database.query('alter table personal_connection_away rename to personal_connection');
  }
  expect(await stored()).toHaveLength(1);
  await slack.pressAtHome('ada', 'bellhop_disconnect', 'github');
  await slack.waitForHome('ada', /GitHub\*: not connected/);
  expect(await stored()).toEqual([]);
});

test('a message that holds a token gets one warning, and its text is kept nowhere', async () => {
  const { slack, db } = stage;
  const [alone, warning] = await ask('ada', CANARY, /looks like a token/);
  expect(everyText(warning)).toMatch(/Delete message.*`connections`/s);
  const [more] = await ask('ada', `use ${CANARY} to list my repositories`, /looks like a token/);
  await slack.waitForReaction(more, 'eyes');
  const key = `-----BEGIN PRIVATE KEY-----\nMIIcanary0123\n-----END PRIVATE KEY-----`;
  const mention = await slack.post('ada', 'platform-eng', `@bellhop take ${key} please`);
  await slack.waitForReaction(mention, 'eyes');
  await until(
    async () => (await slack.state()).ephemerals.some(({ text }) => /looks like a token/.test(text)),
    'a warning for its author alone',
  );
  expect(await stage.runs(stage.sessionOf(alone))).toBe(0);
  const { rows } = await db.database.query<{ text: string; state: string }>(
    'select text, state from inbox where ts = any($1) order by id',
    [[alone.ts, more.ts, mention.ts]],
  );
  expect(rows).toEqual([
    { text: '[removed: this looked like a token of GitHub]', state: 'answered' },
    { text: 'use [removed: this looked like a token of GitHub] to list my repositories', state: 'delivered' },
    { text: 'take [removed: this looked like a private key] please', state: 'delivered' },
  ]);
  const all = await everything();
  expect(all).not.toContain(CANARY);
  expect(all).not.toContain('MIIcanary');
  const warnings = (await slack.answers(alone)).filter((each) => /looks like a token/.test(each.text));
  expect(warnings).toHaveLength(1);
});

test('the end of an account that no gateway heard of is found when a connection begins', async () => {
  const { slack, db } = stage;
  const sealed =
    "insert into personal_connection (team, person, connection, key_id, sealed) values ($1, $2, 'github', 'k', 'x')";
  const grace = slack.simulator.world.person('grace')?.id ?? '';
  await slack.fault({ loseEvents: 1 });
  await slack.deactivate('grace');
  await db.database.query(sealed, [TEAM, grace]);
  await db.database.query(sealed, [TEAM, ADA]);
  const second = await stage.start({ offers: async () => offers });
  await until(async () => (await stored()).length === 1, 'the row of grace is gone');
  expect(await stored()).toMatchObject([{ person: ADA }]);
  await second.stop();
});

test('the end of an account removes what it had connected', async () => {
  const { slack, db } = stage;
  const sealed =
    "insert into personal_connection (team, person, connection, key_id, sealed) values ($1, $2, 'github', 'k', 'x')";
  await db.database.query(sealed, [TEAM, 'U0000EDSGER']);
  await db.database.query(sealed, [TEAM, ADA]);
  const edsger = slack.simulator.world.person('edsger');
  await db.database.query("update personal_connection set person = $1 where person = 'U0000EDSGER'", [edsger?.id]);
  await slack.deactivate('edsger');
  await until(async () => (await stored()).length === 1, 'the rows of edsger are gone');
  expect(await stored()).toMatchObject([{ person: ADA }]);
});
