import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { regionsOf, until } from './page-browser.ts';
import { onStage } from './page-on-stage.ts';
import { AGENT, type PageStage } from './page-stage.ts';
import { applyPolicy, demoPolicy, playThreeOutcomes, playTurn } from './page-story.ts';

jest.setTimeout(60_000);

let stage: PageStage;
let context: BrowserContext;
let page: Page;

onStage((open) => {
  ({ stage, context, page } = open);
});

const egress = () => regionsOf(page).egress;
const happened = () => regionsOf(page).happened;
const thread = () => regionsOf(page).thread;

/** Presses one of the six buttons and returns the `ts` of the thread it began. */
async function runScenario(name: RegExp): Promise<string> {
  await page.getByRole('button', { name }).click();
  await thread().waitFor();
  return new URL(page.url()).hash.split('/')[1] ?? '';
}

test('the page says what of it is simulated', async () => {
  await page.getByText('Slack simulator').waitFor();
  await page.getByText('Slack, the model and the outside world are simulated').waitFor();
  await page.getByText('The demo model is not a language model').waitFor();
});

test('the set-up is shown step by step with times while it goes on', async () => {
  await stage.setup({
    steps: [
      { id: 'a', title: 'Start PostgreSQL', state: 'done', ms: 1_830, detail: 'embedded' },
      { id: 'b', title: 'Build the sandbox image', state: 'running', startedAt: new Date().toISOString() },
      { id: 'c', title: 'Start the runner', state: 'pending' },
    ],
  });
  const setup = page.getByRole('region', { name: 'Setting up' });
  await setup.getByText('1.8 s').waitFor();
  await setup.getByText('Build the sandbox image, in progress').waitFor();
  await page.getByRole('button', { name: 'Setting up, 1 of 3' }).waitFor();
  await stage.setup({});
  await page.getByRole('button', { name: 'Ready' }).waitFor();
  await setup.waitFor({ state: 'hidden' });
});

test('each of the six buttons posts its script in its channel as the chosen person, and the thread opens', async () => {
  await page.getByLabel('Act as').selectOption({ label: 'Grace Murray' });
  const before = stage.slack.world.history('C00PLATFORM').length;
  for (const number of [1, 2, 3, 4, 5]) {
    await runScenario(new RegExp(`^${number} `));
    await thread().getByText('Grace Murray').waitFor();
    await thread().getByText('@Bellhop').waitFor();
    await page.getByRole('button', { name: /^← #/ }).click();
    await page.getByRole('button', { name: '#platform-eng', exact: true }).click();
  }
  const posted = stage.slack.world.history('C00PLATFORM').slice(before);
  expect(posted).toHaveLength(4);
  expect(new Set(posted.map((message) => message.user))).toEqual(new Set(['U00000GRACE']));
  expect(stage.slack.world.history('C000GENERAL').at(-1)?.text).toContain('/v1/signups');
});

test('under an answer in a thread the six buttons are there once more', async () => {
  await page.getByRole('button', { name: '#general', exact: true }).click();
  await page.getByLabel(/^Message #general/).fill('@bellhop what can you do?');
  await page.keyboard.press('Enter');
  await thread().waitFor();
  const next = page.getByRole('region', { name: 'Try next' });
  expect(await next.count()).toBe(0);
  await stage.answer('C000GENERAL', new URL(page.url()).hash.split('/')[1] ?? '', { text: 'I follow scripts.' });
  await next.waitFor();
  expect(await next.getByRole('button').count()).toBe(6);
  await next.getByRole('button', { name: /^4 / }).click();
  await page.getByRole('button', { name: '← #platform-eng' }).waitFor();
  await thread().getByText('no secret in my environment').waitFor();
});

test('egress shows what was sent, decided by which rule, and what the origin saw', async () => {
  const session = await playTurn(stage, await runScenario(/Send last week/));
  await playThreeOutcomes(stage, session);
  const rows = egress().getByRole('listitem').filter({ hasText: 'acme.test' });
  await egress().getByText('1 injected · 1 forwarded · 1 blocked').waitFor();
  const texts = (await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
  expect(texts[0]).toMatch(/GET api\.acme\.test \/v1\/signups no Authorization INJECTED/i);
  expect(texts[0]).toMatch(/acme-readonly ← acme-data ← #platform-eng Bearer •••• [0-9a-f]{8} svc-bellhop · 200/);
  expect(texts[1]).toMatch(/FORWARDED docs\.acme\.test ← public-web ← organization no Authorization/i);
  expect(texts[2]).toMatch(
    /POST paste\.acme\.test \/ no Authorization BLOCKED no rule allows it nothing 0 hits there/i,
  );
  expect(await page.content()).not.toContain(stage.acmeToken);
});

test('Why? names every rule that was asked, and what the policy of now would say', async () => {
  const session = await playTurn(stage, await runScenario(/Send last week/));
  await playThreeOutcomes(stage, session);
  await egress().getByRole('button', { name: 'Why was POST paste.acme.test blocked?' }).click();
  await egress().getByText('Nothing attached to this channel').waitFor();
  await egress().getByText('docs.acme.test ← public-web ← organizationis for another host').waitFor();
  await happened().getByRole('button', { name: 'Why? Resolve access' }).click();
  await happened().getByText('acme-readonly ← acme-data ← #platform-eng').waitFor();

  await applyPolicy(stage, demoPolicy(2, true));
  await happened().getByRole('button', { name: 'Why was POST paste.acme.test blocked?' }).click();
  await happened().getByText('By version 2 it would be').waitFor();
  await stage.test.database.query('delete from policy where version = 2');
});

test('what happened is told moment by moment, with a link to the workflow', async () => {
  const ts = await runScenario(/Run a long job/);
  const session = await playTurn(stage, ts);
  await happened().getByText('Ada Byron asked').waitFor();
  for (const moment of ['Resolve access', 'Provision the sandbox', 'Step 1: model call', 'Step 2: bash']) {
    await happened().getByText(moment, { exact: true }).waitFor();
  }
  await happened().getByText('attempt 2').waitFor();
  const link = await happened().getByRole('link', { name: 'Open in Temporal UI' }).getAttribute('href');
  expect(link).toBe(`http://127.0.0.1:8233/namespaces/bellhop/workflows/${encodeURIComponent(session)}`);
});

test('each channel says in a line what is reached from it, and a change of the access file is seen', async () => {
  const open = (name: string) => page.getByRole('button', { name, exact: true }).click();
  await page.getByText('Reaches api.acme.test with a credential, docs.acme.test without one').waitFor();
  await open('#random');
  const common = 'without a credential; the organization’s access, no more';
  await page.getByText(`Reaches api.acme.test, docs.acme.test ${common}`).waitFor();
  await applyPolicy(stage, demoPolicy(2, true));
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await page.getByText(`Reaches api.acme.test, docs.acme.test, paste.acme.test ${common}`).waitFor();
  await stage.test.database.query('delete from policy where version = 2');
  await open('Bellhop');
  await page.getByText('Reaches nothing: no access is attached here').waitFor();
});

test('Kill the worker kills it by way of its supervisor, and its return is seen', async () => {
  const before = stage.killed.length;
  await page.getByRole('button', { name: 'Kill the worker' }).click();
  await until(page, () => stage.killed.slice(before), ['agent']);
  await stage.setup({ processes: [{ ...AGENT, pid: null, state: 'restarting', restarts: 1 }] });
  await happened().getByText('Agent worker restarting · started again once').waitFor();
  expect(await page.getByRole('button', { name: 'Kill the worker' }).isDisabled()).toBe(true);
  await stage.setup({ processes: [{ ...AGENT, pid: 4243, restarts: 1 }] });
  await happened().getByText('Agent worker running · pid 4243 · started again once').waitFor();
});

test('after a blocked request the page says how to open it and repeats the question in the same thread', async () => {
  const ts = await runScenario(/Send last week/);
  const session = await playTurn(stage, ts);
  await playThreeOutcomes(stage, session);
  await stage.test.database.query("update turn set state = 'answered', ended_at = now() where session = $1", [session]);
  await page.getByText('./bellhop apply demo/bellhop.yaml').waitFor();
  await page.getByRole('button', { name: 'Repeat in this thread' }).click();
  await until(page, () => stage.slack.world.thread('C00PLATFORM', ts).length, 2);
  const [first, second] = stage.slack.world.thread('C00PLATFORM', ts);
  expect(second?.text).toBe(first?.text);
});

test('people edit, react, take back and delete', async () => {
  await page.getByLabel(/^Message #platform-eng/).fill('first words');
  await page.keyboard.press('Enter');
  const message = page.getByRole('listitem').filter({ hasText: 'first words' });
  await message.hover();
  await message.getByRole('button', { name: 'React', exact: true }).click();
  await message.getByRole('button', { name: 'React with eyes' }).click();
  await message.getByRole('button', { name: /^eyes, 1: Ada Byron/ }).click();
  await message.getByRole('button', { name: /^eyes/ }).waitFor({ state: 'hidden' });
  await message.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Edit message').fill('second words');
  await page.keyboard.press('Enter');
  const edited = page.getByRole('listitem').filter({ hasText: 'second words' });
  await edited.getByText('(edited)').waitFor();
  await edited.hover();
  await edited.getByRole('button', { name: 'Delete' }).click();
  await edited.waitFor({ state: 'hidden' });
});

test('a picture is shown in its message', async () => {
  await page.getByLabel('File to attach').setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer: DOT });
  const picture = page.getByRole('img', { name: /dot\.png/ });
  await picture.waitFor();
  await until(page, () => picture.evaluate((image: HTMLImageElement) => image.naturalWidth), 1);
});

test('a direct message with Bellhop opens, and its channel is left alone', async () => {
  await page.getByRole('button', { name: 'Bellhop', exact: true }).click();
  await page.getByLabel(/^Message Bellhop as Ada Byron/).waitFor();
});

test("another site's page can neither act nor read through an open page", async () => {
  const count = () => [...stage.slack.world.messages.values()].flat().length;
  const before = { messages: count(), killed: stage.killed.length };
  const refused = { read: 'refused', stream: 'refused', socket: 'refused' };
  const other = await serveAttack(stage.url);
  try {
    const attacker = await context.newPage();
    await attacker.goto(`http://localhost:${(other.address() as AddressInfo).port}/`);
    await attacker.waitForFunction(() => document.title === 'done');
    expect(await attacker.evaluate(() => ({ ...document.body.dataset }))).toEqual(refused);
    await attacker.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
    await attacker.waitForFunction(() => document.title === 'done');
    expect(await attacker.evaluate(() => ({ ...document.body.dataset }))).toEqual(refused);
    await attacker.close();
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
  expect({ messages: count(), killed: stage.killed.length }).toEqual(before);
});

const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** A page of another site that tries what such a page can: a form, a blind POST, a read, the stream. */
async function serveAttack(victim: string): Promise<Server> {
  const target = new URL(victim).origin;
  const script = `
    const post = (path, body) => fetch('${target}' + path, { method: 'POST', mode: 'no-cors', credentials: 'include', body }).catch(() => null);
    const hello = JSON.stringify({ as: 'U0000000ADA', channel: 'C00PLATFORM', text: 'from another site' });
    const read = fetch('${target}/api/live', { credentials: 'include' }).then(() => 'got it', () => 'refused');
    const stream = new Promise((resolve) => {
      const source = new EventSource('${target}/api/live', { withCredentials: true });
      source.onmessage = source.onopen = () => resolve('got it');
      source.onerror = () => { source.close(); resolve('refused'); };
    });
    const socket = new Promise((resolve) => {
      const opening = new WebSocket('${target}/api/live'.replace('http', 'ws'));
      opening.onopen = () => resolve('got it');
      opening.onerror = () => resolve('refused');
    });
    const form = document.createElement('form');
    Object.assign(form, { method: 'POST', action: '${target}/api/worker/kill', enctype: 'text/plain', target: 'frame' });
    document.body.append(form);
    form.submit();
    const posts = [post('/api/slack/post', hello), post('/api/worker/kill', '{}')];
    Promise.all([read, stream, socket, ...posts]).then(([read, stream, socket]) => {
      Object.assign(document.body.dataset, { read, stream, socket });
      document.title = 'done';
    });`;
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(
      `<!doctype html><title>other</title><body><iframe name="frame"></iframe><script>${script}</script></body>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
