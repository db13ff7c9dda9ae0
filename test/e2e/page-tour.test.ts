import type { Browser, Page } from 'playwright-core';
import { TEAM } from '../../simulators/slack/world/workspace.ts';
import { launchChromium } from '../support/chromium.ts';
import { type RunningUp, startUp } from '../support/running-up.ts';
import { openPage, regionsOf, tabTo, until } from './page-browser.ts';
import { placesWith } from './security/support/renderings.ts';
import { storesOfUp } from './security/support/up-stores.ts';

jest.setTimeout(180_000);

let up: RunningUp;
let browser: Browser;
let page: Page;
let complaints: readonly string[];
/** The session of each thread that was begun. */
const sessions: string[] = [];
/** What a person gets at the forge and pastes into the form: `ada:acme_…`. */
let ownLogin = '';
/** Everything the page was answered. */
const wire: string[] = [];

beforeAll(async () => {
  [up, browser] = await Promise.all([startUp(), launchChromium()]);
  ({ page, complaints } = await openPage(browser, up.url));
  page.setDefaultTimeout(30_000);
  page.on('response', (response) => {
    if (!response.url().includes('/api/live'))
      void response.text().then(
        (text) => wire.push(text),
        () => undefined,
      );
  });
});

afterAll(async () => {
  await browser?.close();
  await up?.[Symbol.asyncDispose]();
});

const egress = () => regionsOf(page).egress;
const happened = () => regionsOf(page).happened;
const thread = () => regionsOf(page).thread;

/** Presses a button of the pinned message; the thread it begins opens. */
async function press(number: number): Promise<void> {
  await page.getByRole('button', { name: '#platform-eng', exact: true }).click();
  const tour = page.getByRole('region', { name: 'Six things to try' });
  await tour.getByRole('button', { name: new RegExp(`^${number} `) }).click();
  await thread().waitFor();
  sessions.push(openSession());
}

/** Presses the fifth button and waits until its long command runs. */
async function beginLongJob(): Promise<void> {
  await press(5);
  await happened()
    .getByText(/^Step \d+: bash$/)
    .nth(1)
    .waitFor();
}

/** The lines of every checklist that the thread shows. */
async function checklist(): Promise<string[]> {
  return (await thread().allInnerTexts()).join('\n').match(/^[☐▸☑] .*$/gm) ?? [];
}

/** The session of the open thread, which is the id of its workflow. */
function openSession(): string {
  return `slack:${TEAM.id}:${new URL(page.url()).hash.slice(1).replace('/', ':')}`;
}

/** In the page: what the live stream says until it has told of the thread. */
async function readThreadEvent(address: string): Promise<string> {
  const stop = new AbortController();
  const response = await fetch(address, { signal: stop.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (reader && !/event: thread\n.*\n\n/.test(text)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  stop.abort();
  return text;
}

/** Waits until the newest turn has ended, and returns everything that is said in the thread. */
async function answered(turn = 1): Promise<string> {
  await happened()
    .getByRole('listitem')
    .filter({ has: page.getByRole('heading', { name: `Turn ${turn}`, exact: true }) })
    .getByText('answered')
    .waitFor({ timeout: 120_000 });
  await thread()
    .getByText(/^\d+ tool calls? · /)
    .nth(turn - 1)
    .waitFor();
  return (await thread().textContent()) ?? '';
}

async function requests(): Promise<string[]> {
  const rows = egress().getByRole('listitem').filter({ hasText: 'acme.test' });
  return (await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').toLowerCase());
}

test('the first button charts the signups: a credential is injected and a picture comes back', async () => {
  await press(1);
  expect(await answered()).toContain('asked as svc-bellhop');
  const picture = thread().getByRole('img', { name: /signups\.png/ });
  await picture.waitFor();
  expect(await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(960);
  const [request] = await requests();
  expect(request).toMatch(
    /get api\.acme\.test \/v1\/signups no authorization injected acme-readonly ← acme-data ← #platform-eng/,
  );
  expect(request).toMatch(/bearer •••• [0-9a-f]{8} svc-bellhop · 200/);
  expect(await page.content()).not.toContain(await up.credential());
});

test('the second says the same in #general: no credential, the total only', async () => {
  await press(2);
  const said = await answered();
  expect(said).toContain('asked as anonymous');
  expect(await thread().getByRole('img', { name: /png/ }).count()).toBe(0);
  expect((await requests())[0]).toMatch(
    /forwarded api\.acme\.test ← public-web ← organization no authorization anonymous · 200/,
  );
});

test('the third is blocked; the reply names the host, an edit of the file lets it pass in the same thread', async () => {
  await press(3);
  const said = await answered();
  expect(said).toContain('paste.acme.test');
  expect(said).toMatch(/administrator/i);
  expect((await requests())[1]).toMatch(/paste\.acme\.test .*blocked no rule allows it nothing 0 hits there/);

  await up.openPaste();
  await page.getByRole('button', { name: 'Repeat in this thread' }).click();
  await answered(2);
  expect((await requests()).at(-1)).toMatch(
    /post paste\.acme\.test \/ no authorization forwarded paste\.acme\.test ← public-web/,
  );
});

test('the fourth looks for a secret and finds none', async () => {
  await press(4);
  const said = await answered();
  for (const line of [
    'no secret in my environment',
    'nor in that of any process',
    'every name leads back to this sandbox',
    'no key and no token in any file',
    'no way out beside the Agent Proxy',
  ]) {
    // Said by the command, and not only written in it.
    expect(said).toMatch(new RegExp(`(?<!echo ["“])${line}`));
  }
  expect(said).not.toContain(await up.credential());
});

test('the fifth outlives its worker: it is killed before your eyes, and the command ran once', async () => {
  await beginLongJob();
  // The checklist is edited in place: there is one of it, and it says how far the work is.
  await until(page, checklist, ['☑ clear the log', '▸ count to 40, one a second', '☐ look how often it was started']);
  const before = await happened().getByRole('status').textContent();
  await page.getByRole('button', { name: 'Kill the worker' }).click();
  await happened()
    .getByText(/Agent worker running · pid \d+ · started again once/)
    .waitFor({ timeout: 60_000 });
  expect(await happened().getByRole('status').textContent()).not.toBe(before);
  expect(await answered()).toContain('the job was started 1 time');
});

test('the sixth mends a deploy test up to a draft pull request, and main is refused', async () => {
  await press(6);
  const said = await answered();
  expect(said).toMatch(/draft https:\/\/git\.acme\.test\/acme\/shop\/pulls\/\d+ by bellhop/);
  expect(said).toMatch(/main may not be changed, only bellhop/);
  expect((await requests()).some((row) => row.includes('injected') && row.includes('git.acme.test'))).toBe(true);
});

test('the seventh does it in a direct message, and the pull request is the person’s own, as the forge has it', async () => {
  await page.getByRole('button', { name: 'Bellhop', exact: true }).click();
  await page.getByRole('button', { name: 'Home', exact: true }).click();
  await page.getByRole('button', { name: 'Connect Gitea or Forgejo' }).click();
  const form = page.getByRole('dialog', { name: 'Connect Gitea or Forgejo' });
  await form.getByRole('button', { name: 'Get a token of yours on the Acme forge' }).click();
  ownLogin = (await form.getByText(/^ada:acme_[0-9a-f]{40}$/).textContent()) ?? '';
  await form.getByRole('textbox', { name: 'Token' }).fill(ownLogin);
  await form.getByRole('button', { name: 'Connect', exact: true }).click();
  await form.waitFor({ state: 'hidden' });
  await page.getByText('Acts as Ada Byron, with their own gitea.').waitFor();

  const names = page.getByRole('region', { name: 'In whose name' });
  await names.getByRole('button', { name: 'Unfold' }).click();
  await names.getByRole('button', { name: /^7 / }).click();
  await thread().waitFor();
  sessions.push(openSession());
  const said = await answered();
  expect(said).toContain('the forge takes me for ada');
  expect(said).toContain('commit by ada <ada@noreply.git.acme.test>');
  expect(said).toMatch(/draft https:\/\/git\.acme\.test\/acme\/shop\/pulls\/\d+ by ada/);
  for (const request of await requests()) {
    expect(request).toMatch(/injected personal\/gitea ← own connections ← ada byron .* ada · 20\d/);
  }
  await happened().getByRole('button', { name: 'Why? Resolve access' }).click();
  await happened().getByText('Acts as Ada Byron, with their own gitea.').waitFor();

  await page.getByRole('button', { name: '← Bellhop' }).click();
  const pulls = names.getByRole('region', { name: /^Pull requests of acme\/shop/ });
  await pulls.getByRole('listitem').nth(1).waitFor();
  expect((await pulls.getByRole('listitem').allInnerTexts()).map((text) => text.split(' · ')[0])).toEqual([
    'ada',
    'bellhop (the agent)',
  ]);
});

test('the eighth calls a tool of an MCP server in a channel, and it takes the caller for the agent', async () => {
  await page.getByRole('button', { name: '#platform-eng', exact: true }).click();
  await page.getByRole('button', { name: 'In whose name →' }).click();
  await page.getByRole('region', { name: 'In whose name' }).getByRole('button', { name: /^8 / }).click();
  await thread().waitFor();
  sessions.push(openSession());
  expect(await answered()).toContain('called by bellhop, the account of the agent');
  expect((await requests()).at(-1)).toMatch(/tool acme-tools\.whoami .*injected acme-tools ← acme-mcp ← #platform-eng/);
  await egress().getByRole('button', { name: 'Why was POST tools.acme.test injected?' }).last().click();
  await egress().getByText('matches: this rule decides').waitFor();
  expect(
    await egress()
      .getByText(/By version \d+ it would be/)
      .count(),
  ).toBe(0);
});

test('the ninth calls the same tool in a direct message, and it takes the caller for the person', async () => {
  await page.getByRole('button', { name: 'Bellhop', exact: true }).click();
  await page.getByRole('button', { name: 'Home', exact: true }).click();
  await page.getByRole('button', { name: 'Connect acme-tools' }).click();
  const form = page.getByRole('dialog', { name: 'Connect acme-tools' });
  await form.getByRole('textbox', { name: 'Token' }).fill(ownLogin.replace('ada:', ''));
  await form.getByRole('button', { name: 'Connect', exact: true }).click();
  await form.waitFor({ state: 'hidden' });
  await page.getByText('Acts as Ada Byron, with their own gitea, acme-tools.').waitFor();
  // A runner asks for the person's list as soon as they have connected the server; the model is offered what is on it.
  await up.untilStored("select 1 from mcp_tool where owner like 'person:%' and approved_at is not null");
  const names = page.getByRole('region', { name: 'In whose name' });
  await names.getByRole('button', { name: 'Unfold' }).click();
  await names.getByRole('button', { name: /^9 / }).click();
  await thread().waitFor();
  sessions.push(openSession());
  expect(await answered()).toContain('called by ada');
  expect((await requests()).at(-1)).toMatch(/whoami .*injected personal\/acme-tools ← own connections ← ada byron/);
});

test('the tenth does it in a channel in the name of the person who asks, and the eleventh, by somebody else, borrows nothing', async () => {
  await page.getByRole('button', { name: '#my-code', exact: true }).click();
  await page
    .getByText('Acts as the person who begins a thread: here Ada Byron, with their own gitea, acme-tools.')
    .waitFor();
  await page.getByRole('region', { name: 'In whose name' }).getByRole('button', { name: /^10 / }).click();
  await thread().waitFor();
  const begun = openSession();
  sessions.push(begun);
  await happened().getByText('answered').waitFor({ timeout: 120_000 });
  await thread().getByText('in the name of ada ·').waitFor();
  expect(await thread().textContent()).toMatch(/draft https:\/\/git\.acme\.test\/acme\/shop\/pulls\/\d+ by ada/);
  await happened().getByText('Ada Byron asked, in the name of Ada Byron').waitFor();
  const before = (await requests()).length;

  await page.getByRole('region', { name: 'Try next' }).getByRole('button', { name: /^11 / }).click();
  await page.getByLabel('Reply in this thread as Grace Murray').waitFor();
  expect(openSession()).toBe(begun);
  await thread().getByText('only visible to you').waitFor();
  await thread().getByText('In this thread I act as ada').waitFor();
  await happened()
    .getByText('Grace Murray wrote in this thread, which works in the name of Ada Byron: it was held back')
    .waitFor();
  expect(
    await happened()
      .getByRole('heading', { name: /^Turn / })
      .count(),
  ).toBe(1);
  expect((await requests()).length).toBe(before);
  await page.getByLabel('Act as').selectOption({ label: 'Ada Byron' });
  await thread().getByText('only visible to you').waitFor({ state: 'hidden' });
});

test('the stop button of the status message stops the turn, by keyboard too', async () => {
  await beginLongJob();
  await thread().getByRole('button', { name: 'Stop' }).waitFor();
  await tabTo(page, 'Stop');
  await page.keyboard.press('Enter');
  await happened().getByText('stopped', { exact: true }).first().waitFor();
});

test('what the demo model does not understand is answered with its verbs, and the buttons stand under it', async () => {
  await page.getByRole('button', { name: '#platform-eng', exact: true }).click();
  await page.getByLabel(/^Message #platform-eng/).fill('@bellhop what can you do for me?');
  await page.keyboard.press('Enter');
  await thread().waitFor();
  sessions.push(openSession());
  const said = await answered();
  expect(said).toContain('do not understand “what can you do for me?”');
  for (const verb of ['$ COMMAND', 'write PATH', 'read PATH', 'post PATH', 'say TEXT', 'think 20s', 'fail 503 x2'])
    expect(said).toContain(verb);
  const next = page.getByRole('region', { name: 'Try next' });
  await next.waitFor();
  expect(await next.getByRole('button').count()).toBe(6);
});

test('Open in Temporal UI opens the history of this very workflow', async () => {
  const opened = page.context().waitForEvent('page');
  await tabTo(page, 'Open in Temporal UI');
  await page.keyboard.press('Enter');
  const ui = await opened;
  ui.setDefaultTimeout(30_000);
  await ui.getByText(openSession()).first().waitFor();
  await ui.getByText('threadSession').first().waitFor();
  await ui.getByText('callModel').first().waitFor();
  await ui.close();
});

test('a question to Why? is answered for a request of the real proxy', async () => {
  await press(1);
  await answered();
  await egress().getByRole('button', { name: 'Why was GET api.acme.test injected?' }).click();
  await egress().getByText('matches: this rule decides').waitFor();
});

test('nothing on the way complained in the console, and no secret came over the wire', async () => {
  expect(complaints).toEqual([]);
  const secrets = [...Object.values(up.secrets), await up.credential()];
  expect(secrets.length).toBeGreaterThan(3);
  for (const session of sessions) {
    const told = await page.evaluate(readThreadEvent, `/api/live?${new URLSearchParams({ session })}`);
    expect(told).toContain('event: thread');
    wire.push(told);
  }
  for (const secret of secrets) expect(wire.filter((text) => text.includes(secret))).toEqual([]);
});

test('the credential is in no form in anything that the installation keeps or runs', async () => {
  const credential = await up.credential();
  for (const [name, { places, holds }] of Object.entries(await storesOfUp(up))) {
    expect([name, placesWith(holds, places)]).not.toEqual([name, []]);
    expect([name, placesWith(credential, places)]).toEqual([name, []]);
    expect([name, placesWith(ownLogin.replace('ada:', ''), places)]).toEqual([name, []]);
  }
});

test('stopping ends everything it started, and a reset leaves nothing', async () => {
  expect(await up.stop()).toBe(0);
  expect((await up.leftovers()).filter((each) => !each.startsWith('bellhop-'))).toEqual([]);
  await up.reset();
  expect(await up.leftovers()).toEqual([]);
});
