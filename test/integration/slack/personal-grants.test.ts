/** People grant tokens by OAuth: Slack, gateway, browser, an authorization server that we did not write, and the proxy's exchange. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { PersonalOffer } from '../../../access/people-access.ts';
import { grantedConnection, isByOAuth } from '../../../access/personal-access.ts';
import { revokePeople } from '../../../cli/people/revoke-people.ts';
import { bindingOf } from '../../../credentials/binding.ts';
import { createKeyPair, type KeyPair } from '../../../credentials/key-pair.ts';
import { open } from '../../../credentials/open.ts';
import { createMinter } from '../../../proxy/credentials/tokens/minter.ts';
import { startGrants } from '../../../proxy/personal/grants.ts';
import { createProxyStore } from '../../../proxy/proxy-store.ts';
import type { Gateway } from '../../../slack/start-gateway.ts';
import { type Database, openDatabase } from '../../../store/database.ts';
import type { Looks } from '../../../store/looks.ts';
import { DATABASE_ROLES, type DatabaseRole, dropRoles, ensureRoles, urlForRole } from '../../../store/roles.ts';
import { createGrantDoor } from '../../../workers/gateway/begin-grant.ts';
import { readCallbackAddress } from '../../../workers/gateway/callback-address.ts';
import { type CallbackListener, startCallbackListener } from '../../../workers/gateway/callback-listener.ts';
import { createTakeCallback } from '../../../workers/gateway/take-callback.ts';
import { fileOf } from '../../support/access-yaml.ts';
import { freePort } from '../../support/free-port.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { createOAuthBrowser, type Landing } from '../../support/oauth-browser.ts';
import { everyText, type SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';
import { type Origin, startOrigin } from '../proxy/support/origin.ts';
import { createTestAuthority } from '../proxy/support/test-authority.ts';
import { createTokenDialer } from '../proxy/support/token-dialer.ts';
import { type ServerProcess, startServerProcess } from '../proxy/support/token-servers/server-process.ts';

const ISSUER = 'https://login.a.test';
const PUBLIC = 'https://bellhop.a.test';
const CLIENT_SECRET = 'canary-client-secret-9Qm4';
const ADA = 'U0000000ADA';
const LETTERS = /<strong>([A-Z]{4}-[A-Z]{4})<\/strong>/;

const installation = randomBytes(4).toString('hex');
let stage: GatewayStage;
let gateway: Gateway;
let gatewayDatabase: Database;
let proxyDatabase: Database;
let adminDatabase: Database;
let keys: KeyPair;
let oidc: ServerProcess;
let origin: Origin;
let listener: CallbackListener;
let grants: Looks;
let dialer: ReturnType<typeof createTokenDialer>['dialer'];
let offer: PersonalOffer;
let offers: readonly PersonalOffer[] = [];
let hosts: Record<string, string>;
let isAway = false;
const problems: string[] = [];

const clientSecrets = async () => CLIENT_SECRET;

/** The proxy of one machine, as far as it renews tokens. */
function proxy() {
  const { rotations, personalTokens } = createProxyStore(proxyDatabase);
  return createMinter({
    ...{ dialer, keys, rotations, personal: personalTokens, clientSecrets },
    clock: { now: () => performance.now() },
    onRenewalFailed: () => {},
  });
}

beforeAll(async () => {
  keys = await createKeyPair();
  oidc = await startServerProcess('login', {
    ...{ issuer: ISSUER, clientSecret: CLIENT_SECRET, life: 600 },
    redirectUris: [`${PUBLIC}/oauth/callback/gitlab`],
  });
  const authority = await createTestAuthority();
  origin = await startOrigin({
    authority,
    hosts: ['login.a.test'],
    onRequest: (request, response) =>
      isAway ? void response.writeHead(503).end('away') : oidc.front(request, response),
  });
  ({ dialer } = createTokenDialer(origin, ['login.a.test'], [authority.pem]));
  const found = fileOf(
    [
      'people:',
      '  offer:',
      '    - preset: gitlab',
      '      host: login.a.test',
      `      addresses: ["127.0.0.1/32:${origin.port}"]`,
      '      oauth:',
      '        client-id: bellhop',
      `        issuer: ${ISSUER}`,
      '        names-issuer: true',
      `        authorize-url: ${ISSUER}/auth`,
      `        token-url: ${ISSUER}/token`,
      `        device-url: ${ISSUER}/device/auth`,
      '        scopes: [openid, api]',
      '',
    ].join('\n'),
  ).people?.offers[0];
  if (!found) throw new Error('nothing is offered');
  offer = found;
  offers = [offer];
  stage = await startGatewayStage();
  // With the least rights of each role.
  const passwords = Object.fromEntries(DATABASE_ROLES.map((role) => [role, randomUUID()])) as Record<
    DatabaseRole,
    string
  >;
  await ensureRoles(stage.db.url, installation, passwords);
  const openAs = (role: 'gateway' | 'proxy' | 'admin') =>
    openDatabase({ url: urlForRole(stage.db.url, installation, role, passwords[role]), name: role });
  gatewayDatabase = openAs('gateway');
  proxyDatabase = openAs('proxy');
  adminDatabase = openAs('admin');
  const database = gatewayDatabase;
  await stage.db.database.query('insert into installation (id, public_key, key_id) values ($1, $2, $3)', [
    'test',
    Buffer.from(keys.publicKey.bytes).toString('base64'),
    keys.publicKey.id,
  ]);
  const port = await freePort();
  const callback = readCallbackAddress(PUBLIC, `127.0.0.1:${port}`);
  if (!callback) throw new Error('no callback');
  hosts = { 'login.a.test': oidc.url, 'bellhop.a.test': `http://127.0.0.1:${port}` };
  const take = createTakeCallback({ database, callback, offers: async () => offers });
  listener = await startCallbackListener({ callback, take, onError: (error) => problems.push(String(error)) });
  grants = startGrants({
    ...{ store: createProxyStore(proxyDatabase).grants, dialer, keys, clientSecrets, everyMs: 200 },
    offer: (name) => offers.find((each) => each.name === name) ?? null,
    onError: (error, what) => problems.push(`${what}: ${String(error)}`),
  });
  gateway = await stage.start({ database, offers: async () => offers, grants: createGrantDoor(database, callback) });
}, 90_000);
beforeEach(async () => {
  isAway = false;
  offers = [offer];
  await stage.db.database.query('delete from personal_connection');
  await stage.db.database.query('delete from personal_grant');
});
afterAll(async () => {
  await grants?.stop();
  await listener?.stop();
  await gateway?.stop();
  await Promise.all([gatewayDatabase, proxyDatabase, adminDatabase].map((each) => each?.end()));
  if (stage) await dropRoles(stage.db.url, installation);
  await stage?.[Symbol.asyncDispose]();
  await origin?.[Symbol.asyncDispose]();
  await oidc?.[Symbol.asyncDispose]();
});

const browser = (who: string) => createOAuthBrowser(who, hosts);
const rows = async <Row extends object>(sql: string) => (await stage.db.database.query<Row>(sql)).rows;
const connected = () => rows<{ person: string; version: number; sealed: Buffer }>('select * from personal_connection');

async function ask(as: string, text: string, matches: RegExp): Promise<[SimMessage, SimMessage]> {
  const message = await stage.slack.post(as, await stage.slack.openDm(as), text);
  return [message, await stage.slack.waitForAnswer(message, matches)];
}

/** Presses the button that opens a form with a link, and returns the link. */
async function linkFor(as: string): Promise<{ readonly asked: SimMessage; readonly link: string }> {
  const [asked, answer] = await ask(as, 'connect gitlab', /allow it there/);
  await stage.slack.click(as, answer, 'bellhop_connect');
  const form = await stage.slack.waitForModal(as);
  const link = /<(https:[^|>]+)\|Open GitLab>/.exec(JSON.stringify(form.blocks))?.[1]?.replaceAll('&amp;', '&');
  if (!link) throw new Error('the form has no link');
  await stage.slack.closeModal(as);
  return { asked, link };
}

function lettersOf({ text }: Landing): string {
  const letters = LETTERS.exec(text)?.[1];
  if (!letters) throw new Error(`the page shows no letters: ${text}`);
  return letters;
}

/** Presses the button of the message that names the account. */
async function openConfirmation(as: string, asked: SimMessage, account: string): Promise<void> {
  const told = await stage.slack.waitForAnswer(asked, new RegExp(`the account is \\*${account}\\*`));
  await stage.slack.click(as, told, 'bellhop_confirm');
  expect(everyText({ text: '', blocks: (await stage.slack.waitForModal(as)).blocks })).toMatch(account);
}

/** Looks, confirms, and returns the connection as its owner has it. */
async function connect(as = 'ada'): Promise<void> {
  const { asked, link } = await linkFor(as);
  const letters = lettersOf(await browser(as).open(link));
  await openConfirmation(as, asked, as);
  expect(await stage.slack.submit(as, { proof: letters.toLowerCase() })).toMatchObject({ closed: true, errors: {} });
  await stage.slack.waitForAnswer(asked, /GitLab is connected/);
}

async function ownConnection() {
  const [row] = await connected();
  if (!row || !isByOAuth(offer)) throw new Error('nothing is connected');
  const connection = grantedConnection(offer, `person:${TEAM}:${ADA}`, row.version);
  return { connection, secret: await open(keys, bindingOf(connection), row.sealed) };
}

async function mintBy(minter: ReturnType<typeof proxy>) {
  const { connection, secret } = await ownConnection();
  const use = connection.credential as never;
  return minter.token({ connection, use, secret, repositories: [], signal: new AbortController().signal });
}

async function userOf(token: string): Promise<string | null> {
  const answer = await fetch(`${oidc.url}/api/v4/user`, { headers: { authorization: `Bearer ${token}` } });
  return ((await answer.json()) as { username: string | null }).username;
}

test('a person grants a token in their browser, and confirms in Slack that the account is theirs', async () => {
  const { asked, link } = await linkFor('ada');
  const parameters = new URL(link).searchParams;
  expect(parameters.get('code_challenge_method')).toBe('S256');
  expect(parameters.get('redirect_uri')).toBe(`${PUBLIC}/oauth/callback/gitlab`);
  // The link is in the form alone.
  expect(JSON.stringify(await rows('select t::text from outbox t'))).not.toContain(parameters.get('state'));
  const page = await browser('ada').open(link);
  expect(page).toMatchObject({ status: 200, text: expect.stringMatching(/Go back to Slack/) });
  const letters = lettersOf(page);
  await openConfirmation('ada', asked, 'ada');
  expect(await connected()).toEqual([]);
  expect((await stage.slack.submit('ada', { proof: 'BBBB-BBBB' })).errors.proof).toMatch(/not the letters/);
  expect(await stage.slack.submit('ada', { proof: letters })).toMatchObject({ closed: true });
  await stage.slack.waitForAnswer(asked, /GitLab is connected.*`disconnect gitlab`/s);
  expect(await connected()).toMatchObject([{ person: ADA, way: 'oauth' }]);
  expect(await userOf((await mintBy(proxy())).value)).toBe('ada');
  expect(await rows('select 1 from personal_grant')).toEqual([]);
  await ask('ada', 'connections', /GitLab \(gitlab\): connected on/);
}, 60_000);

test('a link that somebody else opens connects nothing, to nobody', async () => {
  const { asked, link } = await linkFor('ada');
  // Grace has got hold of the link, and grants an account of her own in it.
  const letters = lettersOf(await browser('grace').open(link));
  const told = await stage.slack.waitForAnswer(asked, /the account is \*grace\*/);
  // In her own Slack there is nothing that the letters are for.
  await stage.slack.post('grace', await stage.slack.openDm('grace'), 'connections');
  expect(await rows("select 1 from personal_grant where person <> 'U0000000ADA'")).toEqual([]);
  // Ada sees whose it is and has no letters. What she guesses is wrong, five times at most.
  await stage.slack.click('ada', told, 'bellhop_confirm');
  await stage.slack.waitForModal('ada');
  for (let wrong = 1; wrong < 5; wrong += 1) {
    expect((await stage.slack.submit('ada', { proof: 'ZZZZZZZZ' })).errors.proof).toMatch(/not the letters/);
  }
  expect(await stage.slack.submit('ada', { proof: 'ZZZZZZZZ' })).toMatchObject({ closed: false, errors: {} });
  expect(await rows('select 1 from personal_grant')).toEqual([]);
  await stage.slack.closeModal('ada');
  await stage.slack.click('ada', told, 'bellhop_confirm');
  expect(everyText({ text: '', blocks: (await stage.slack.waitForModal('ada')).blocks })).toMatch(/This is over/);
  await stage.slack.closeModal('ada');
  expect(letters).toMatch(/-/);
  expect(await connected()).toEqual([]);
}, 60_000);

test('who makes another person finish their link has no letters, and gains nothing', async () => {
  // Grace asks, and makes Ada open the link. Ada is logged in, and the page tells her what it means.
  const { asked, link } = await linkFor('grace');
  const page = await browser('ada').open(link);
  expect(page.text).toMatch(/tell nobody the letters/);
  await openConfirmation('grace', asked, 'ada');
  expect((await stage.slack.submit('grace', { proof: 'BCDF-GHJK' })).errors.proof).toMatch(/not the letters/);
  await stage.slack.closeModal('grace');
  expect(await connected()).toEqual([]);
}, 60_000);

test('a state is good once, for ten minutes, at its own address and from its own issuer', async () => {
  const { link } = await linkFor('ada');
  const state = new URL(link).searchParams.get('state');
  const at = (query: string, path = 'gitlab') => browser('ada').open(`${PUBLIC}/oauth/callback/${path}?${query}`);
  const iss = `iss=${encodeURIComponent(ISSUER)}`;
  expect(await at(`code=x&state=another&${iss}`)).toMatchObject({ status: 400 });
  expect(await at(`code=x&${iss}`)).toMatchObject({ status: 400 });
  expect(await at(`code=x&state=${state}&state=${state}&${iss}`)).toMatchObject({ status: 400 });
  await stage.db.database.query("update personal_grant set ends_at = now() - interval '1 s'");
  expect(await at(`code=x&state=${state}&${iss}`)).toMatchObject({ status: 400, text: expect.stringMatching(/over/) });

  const again = async (query: (state: string) => string, path?: string) => {
    const found = await linkFor('ada');
    const own = new URL(found.link).searchParams.get('state') ?? '';
    const page = await at(query(own), path);
    await stage.slack.waitForAnswer(found.asked, /GitLab is not connected/);
    // Whatever was wrong with the answer, its state is used up.
    expect(await at(`code=x&state=${own}&${iss}`)).toMatchObject({ status: 400 });
    return page.text;
  };
  expect(await again((own) => `code=x&state=${own}&iss=https://evil.test`)).toMatch(/not one of the service/);
  expect(await again((own) => `code=x&state=${own}`)).toMatch(/not one of the service/);
  expect(await again((own) => `code=x&state=${own}&${iss}`, 'github')).toMatch(/not one of the service/);
  expect(await again((own) => `error=access_denied&state=${own}&${iss}`)).toMatch(/did not allow/);
  expect(await oidc.call<number>('asked', '/token')).toBeGreaterThan(0);
  expect(await connected()).toEqual([]);
}, 90_000);

test('a code is sent once, with its verifier; a second use of it is refused by the server too', async () => {
  const before = await oidc.call<number>('asked', '/token');
  const { asked, link } = await linkFor('ada');
  const page = await browser('ada').open(link);
  await stage.slack.waitForAnswer(asked, /the account is \*ada\*/);
  // The browser's page is loaded again, and the answer comes once more.
  expect(await browser('ada').open(page.url)).toMatchObject({ status: 400 });
  grants.poke();
  await ask('ada', 'connections', /not connected/);
  expect((await oidc.call<number>('asked', '/token')) - before).toBe(1);
  // A code without its verifier is worth nothing, and its second use ends what it gave.
  const code = new URL(page.url).searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, client_id: 'bellhop', client_secret: CLIENT_SECRET };
  const answer = await fetch(`${oidc.url}/token`, {
    method: 'POST',
    headers: { 'x-forwarded-proto': 'https' },
    body: new URLSearchParams({ ...form, redirect_uri: `${PUBLIC}/oauth/callback/gitlab` }),
  });
  expect(await answer.json()).toMatchObject({ error: 'invalid_grant' });
}, 60_000);

test('fifty requests at once in two proxies renew once, and each token is good', async () => {
  await connect();
  const [first, second] = [proxy(), proxy()];
  const old = await mintBy(first);
  expect((await mintBy(second)).value).toBe(old.value);
  const before = await oidc.call<number>('asked', '/token');
  // As if the access token had come to its end.
  expect([old.drop(), (await mintBy(second)).drop()]).toEqual([true, true]);
  const minted = await Promise.all(Array.from({ length: 50 }, (_, n) => mintBy(n % 2 ? first : second)));
  expect(new Set(minted.map(({ value }) => value)).size).toBe(1);
  expect(minted[0]?.value).not.toBe(old.value);
  expect(await userOf(minted[0]?.value ?? '')).toBe('ada');
  expect((await oidc.call<number>('asked', '/token')) - before).toBe(1);
  expect(await rows('select generation, holder from personal_connection')).toEqual([{ generation: 1, holder: null }]);
}, 90_000);

test('a service that is away is named, and one that ended the grant is told once', async () => {
  await connect();
  const token = await mintBy(proxy());
  isAway = true;
  const minter = proxy();
  (await mintBy(minter)).drop();
  await expect(mintBy(minter)).rejects.toMatchObject({ code: 'http_503' });
  isAway = false;
  await oidc.call('endGrants');
  expect(await userOf(token.value)).toBeNull();
  const other = proxy();
  (await mintBy(other)).drop();
  await expect(mintBy(other)).rejects.toMatchObject({ code: 'grant_ended' });
  // Nobody sends it a second time.
  const before = await oidc.call<number>('asked', '/token');
  await expect(mintBy(proxy())).rejects.toMatchObject({ code: 'grant_ended' });
  expect(await oidc.call<number>('asked', '/token')).toBe(before);
  const told = async () =>
    rows("select key from outbox where key like 'personal/%/refused' and body->>'text' like '%`connect gitlab`%'");
  await until(async () => (await told()).length === 1, 'the person is told');
  await ask('ada', 'connections', /not renewed by the service/);
  expect(await told()).toHaveLength(1);
}, 90_000);

test('a service that is away while a code is exchanged is said, with what to do', async () => {
  const { asked, link } = await linkFor('ada');
  isAway = true;
  lettersOf(await browser('ada').open(link));
  await stage.slack.waitForAnswer(asked, /GitLab does not work just now \(http_503\).*write `connect gitlab`/);
  expect(await connected()).toEqual([]);
}, 60_000);

test('removing it, or the end of the account, ends an attempt and a renewal that is under way', async () => {
  await connect();
  const minter = proxy();
  (await mintBy(minter)).drop();
  const asking = mintBy(minter);
  await ask('ada', 'disconnect gitlab', /removed/);
  await asking.catch(() => {});
  expect(await connected()).toEqual([]);
  const { asked, link } = await linkFor('ada');
  const letters = lettersOf(await browser('ada').open(link));
  await openConfirmation('ada', asked, 'ada');
  await ask('ada', 'disconnect gitlab', /not connected gitlab/);
  expect(await stage.slack.submit('ada', { proof: letters })).toMatchObject({ errors: {} });
  expect(await connected()).toEqual([]);
  await stage.slack.closeModal('ada');
}, 90_000);

test('an operator ends what somebody is about to connect', async () => {
  const { asked, link } = await linkFor('ada');
  const letters = lettersOf(await browser('ada').open(link));
  await openConfirmation('ada', asked, 'ada');
  const revoked = await revokePeople(adminDatabase, { person: ADA, connection: null });
  expect(revoked).toMatchObject([{ person: ADA, connection: 'gitlab' }]);
  expect(await stage.slack.submit('ada', { proof: letters })).toMatchObject({ errors: {} });
  expect(await connected()).toEqual([]);
  await stage.slack.closeModal('ada');
}, 60_000);

test('a device code is shown to its person alone, tried in its rhythm, and confirmed like the rest', async () => {
  const [asked, answer] = await ask('ada', 'connect gitlab', /By a code/);
  await stage.slack.click('ada', answer, 'bellhop_connect_device');
  const shownCode = async () =>
    /\*([A-Z]{4}-[A-Z]{4})\*/.exec(JSON.stringify((await stage.slack.waitForModal('ada')).blocks))?.[1];
  await until(async () => (await shownCode()) !== undefined, 'the code');
  const code = await shownCode();
  expect(JSON.stringify(await rows('select t::text from personal_grant t'))).not.toContain(code);
  expect(JSON.stringify(await rows('select t::text from outbox t'))).not.toContain(code);
  await stage.slack.closeModal('ada');
  const person = browser('ada');
  const entry = await person.open(`${ISSUER}/device`);
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(entry.text)?.[1] ?? '';
  const shown = await person.send(`${ISSUER}/device`, { xsrf, user_code: String(code) });
  const confirm = /name="xsrf" value="([^"]+)"/.exec(shown.text)?.[1] ?? '';
  await person.send(`${ISSUER}/device`, { xsrf: confirm, user_code: String(code), confirm: 'yes' });
  await openConfirmation('ada', asked, 'ada');
  expect(await stage.slack.submit('ada', {})).toMatchObject({ closed: true });
  await stage.slack.waitForAnswer(asked, /GitLab is connected/);
  expect(await userOf((await mintBy(proxy())).value)).toBe('ada');
}, 90_000);

test('no code, verifier, device code or token is anywhere but sealed', async () => {
  const secrets = await oidc.call<{ kind: string; text: string }[]>('secrets');
  expect([...new Set(secrets.map(({ kind }) => kind))].sort()).toEqual([
    'access token',
    'code',
    'device code',
    'refresh token',
    'verifier',
  ]);
  const tables = await rows<{ name: string }>(
    "select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
  );
  const all = await Promise.all(tables.map(({ name }) => rows(`select * from ${name}`)));
  const everywhere = [
    JSON.stringify(all, (_, value) => (value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value)),
    JSON.stringify(stage.logged),
    JSON.stringify(await stage.slack.state()),
    ...problems,
  ].join('\n');
  for (const { kind, text } of [...secrets, { kind: 'client', text: CLIENT_SECRET }]) {
    if (everywhere.includes(text)) throw new Error(`a ${kind} was found`);
  }
});
