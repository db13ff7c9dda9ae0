import { App } from '@slack/bolt';
import type { View } from '@slack/types';
import type { Page } from 'playwright-core';
import { connectView, homeView, TOKEN_BLOCK } from '../../slack/personal/personal-views.ts';
import { CONNECT_ACTION, DISCONNECT_ACTION } from '../../slack/personal/words.ts';
import { quiet } from '../integration/simulators/slack/bolt-app.ts';
import { fileOf } from '../support/access-yaml.ts';
import { focused, regionsOf, tabTo, until } from './page-browser.ts';
import { cutOrBroken, widerThanItsPlace } from './page-faults.ts';
import { onStage } from './page-on-stage.ts';
import { type PageStage, TOKENS } from './page-stage.ts';
import { ADA, GRACE, PLATFORM } from './page-story.ts';

jest.setTimeout(90_000);

const OFFERS = fileOf('people: { offer: [{ preset: gitea, host: git.acme.test }] }\n').people?.offers ?? [];
const OFFER = OFFERS[0] as (typeof OFFERS)[number];
const REFUSED = 'This cannot be used: it is no login of yours.';

let stage: PageStage;
let page: Page;
let app: App | undefined;
/** What an unmodified Bolt app heard, in order. */
const heard: { what: string; user: string; value?: string | null | undefined }[] = [];

onStage((open) => {
  ({ stage, page } = open);
});

/** An unmodified Bolt app that does with views what the gateway does. */
async function startApp(): Promise<App> {
  const app = new App({
    appToken: TOKENS.app,
    token: TOKENS.bot,
    socketMode: true,
    clientOptions: { slackApiUrl: stage.slack.apiUrl },
    logger: quiet,
  });
  app.event('app_home_opened', async ({ event, client }) => {
    if (event.tab !== 'home') return;
    const view = homeView([OFFER], [], 'none') as unknown as View;
    await client.views.publish({ user_id: event.user, view });
  });
  app.action(CONNECT_ACTION, async ({ ack, body, client, action }) => {
    await ack();
    heard.push({ what: 'connect', user: body.user.id, value: (action as { value?: string }).value });
    const view = connectView(OFFER, { connection: 'gitea', place: null }) as unknown as View;
    await client.views.open({ trigger_id: (body as { trigger_id: string }).trigger_id, view });
  });
  app.action(DISCONNECT_ACTION, async ({ ack, body, action }) => {
    await ack();
    heard.push({ what: 'disconnect', user: body.user.id, value: (action as { value?: string }).value });
  });
  app.view('bellhop_connect', async ({ ack, body, view }) => {
    const value = view.state.values[TOKEN_BLOCK]?.token?.value;
    heard.push({ what: 'sent', user: body.user.id, value });
    if (value?.includes(':')) await ack();
    else await ack({ response_action: 'errors', errors: { [TOKEN_BLOCK]: REFUSED } });
  });
  await app.start();
  return app;
}

afterAll(async () => await app?.stop());

beforeEach(async () => {
  app ??= await startApp();
  heard.splice(0);
});

const modal = () => page.getByRole('dialog', { name: 'Connect Gitea or Forgejo' });
const token = () => modal().getByRole('textbox', { name: 'Token' });

async function actAs(name: string): Promise<void> {
  await page.getByLabel('Act as').selectOption({ label: name });
}

/** Opens the Home tab of the person who is acted as, by mouse. */
async function openHome(name: string): Promise<void> {
  await page.getByRole('button', { name: 'Bellhop', exact: true }).click();
  await page.getByRole('button', { name: 'Home', exact: true }).click();
  await page
    .getByRole('region', { name: `Bellhop’s Home tab for ${name}` })
    .getByText('Your connections')
    .waitFor();
}

test('by keyboard: Home, a button, the form, a mistake beside its field, and the focus comes back', async () => {
  for (const name of ['Bellhop', 'Home', 'Connect Gitea or Forgejo']) {
    await tabTo(page, name);
    await page.keyboard.press('Enter');
  }
  await modal().waitFor();
  await tabTo(page, 'Connect');
  await token().focus();
  await page.keyboard.press('Enter');
  await modal().getByText('Please complete this required field.').waitFor();
  expect(heard.map(({ what }) => what)).toEqual(['connect']);

  await page.keyboard.type('nonsense');
  await page.keyboard.press('Enter');
  await modal().getByText(REFUSED).waitFor();
  await until(page, () => token().getAttribute('aria-invalid'), 'true');
  expect(await token().evaluate((field) => field === document.activeElement)).toBe(true);
  const about = await token().evaluate((field) =>
    (field.getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent),
  );
  expect(about).toContain(REFUSED);

  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('ada:something');
  await page.keyboard.press('Enter');
  await modal().waitFor({ state: 'hidden' });
  expect(await focused(page)).toBe('Connect Gitea or Forgejo');
  expect(heard).toEqual([
    { what: 'connect', user: ADA, value: 'gitea' },
    { what: 'sent', user: ADA, value: 'nonsense' },
    { what: 'sent', user: ADA, value: 'ada:something' },
  ]);
});

test('Escape, Cancel and the cross close a form without sending it, and it is gone for the simulator too', async () => {
  await openHome('Ada Byron');
  const ways = [
    () => page.keyboard.press('Escape'),
    () => modal().getByRole('button', { name: 'Cancel' }).click(),
    () => modal().getByRole('button', { name: 'Close this form' }).click(),
  ];
  for (const close of ways) {
    await page.getByRole('button', { name: 'Connect Gitea or Forgejo' }).click();
    await token().waitFor();
    await close();
    await modal().waitFor({ state: 'hidden' });
  }
  expect(stage.slack.appViews.all().filter(({ type }) => type === 'modal')).toEqual([]);
  expect(heard.map(({ what }) => what)).toEqual(['connect', 'connect', 'connect']);
});

test('a form and a Home tab are seen by the one person whose they are, and a reload keeps them', async () => {
  await openHome('Ada Byron');
  await page.getByRole('button', { name: 'Connect Gitea or Forgejo' }).click();
  await modal().waitFor();
  await page.reload();
  await modal().waitFor();
  await page.keyboard.press('Escape');
  await modal().waitFor({ state: 'hidden' });

  await actAs('Grace Murray');
  await page.getByRole('region', { name: 'Bellhop’s Home tab for Grace Murray' }).waitFor();
  await page.getByRole('button', { name: 'Connect Gitea or Forgejo' }).click();
  await modal().waitFor();
  expect(heard.at(-1)).toEqual({ what: 'connect', user: GRACE, value: 'gitea' });
  await page.keyboard.press('Escape');
});

test('a token of the person is made at the forge, and the forge takes it for theirs', async () => {
  await openHome('Ada Byron');
  await page.getByRole('button', { name: 'Connect Gitea or Forgejo' }).click();
  await modal().getByRole('button', { name: 'Get a token of yours on the Acme forge' }).click();
  const secret =
    (await modal()
      .getByText(/^ada:acme_[0-9a-f]{40}$/)
      .textContent()) ?? '';
  await token().fill(secret);
  await modal().getByRole('button', { name: 'Connect', exact: true }).click();
  await modal().waitFor({ state: 'hidden' });
  const login = Buffer.from(secret).toString('base64');
  expect(await stage.askForge('/api/v1/user', `Basic ${login}`)).toMatchObject({ status: 200, body: { login: 'ada' } });
  const stolen = Buffer.from(secret.replace('ada:', 'grace:')).toString('base64');
  expect(await stage.askForge('/api/v1/user', `Basic ${stolen}`)).toMatchObject({ status: 401 });
});

test('what is for one person only is shown to that person, and its buttons carry their values', async () => {
  const button = (action: string, value: string) => ({
    ...{ type: 'button', action_id: action, value },
    text: { type: 'plain_text', text: `Press ${value}` },
  });
  const blocks = [
    { type: 'section', text: { type: 'mrkdwn', text: 'For Ada alone' } },
    { type: 'actions', elements: [button(DISCONNECT_ACTION, 'one')] },
    { type: 'actions', elements: [button(DISCONNECT_ACTION, 'two')] },
  ];
  await app?.client.chat.postEphemeral({ channel: PLATFORM, user: ADA, text: 'For Ada alone', blocks });
  const messages = page.getByRole('region', { name: 'Messages in #platform-eng' });
  await messages.getByText('For Ada alone').waitFor();
  await messages.getByText('only visible to you').waitFor();
  await messages.getByRole('button', { name: 'Press two' }).click();
  await until(page, () => heard.at(-1)?.value, 'two');
  await actAs('Grace Murray');
  await messages.getByText('For Ada alone').waitFor({ state: 'hidden' });
});

test('a direct message belongs to one person: whoever is acted as next has their own', async () => {
  await page.getByRole('button', { name: 'Bellhop', exact: true }).click();
  await page.getByLabel(/^Message Bellhop as Ada Byron/).fill('for Ada and nobody else');
  await page.keyboard.press('Enter');
  await regionsOf(page).thread.getByText('for Ada and nobody else').waitFor();
  await actAs('Grace Murray');
  await page.getByLabel(/^Message Bellhop as Grace Murray/).waitFor();
  await page.getByText('Acts as Grace Murray, who has connected nothing yet.').waitFor();
  expect(await page.getByText('for Ada and nobody else').count()).toBe(0);
});

test('on the Home tab the pinned message is folded until somebody unfolds it, and nowhere else', async () => {
  const tour = page.getByRole('region', { name: 'In whose name' });
  const intro = tour.getByText('Each button posts a script');
  await page.getByRole('button', { name: 'Bellhop', exact: true }).click();
  await intro.waitFor();
  await tour.getByRole('button', { name: 'Get a token of yours on the Acme forge' }).click();
  await tour.getByText(/^ada:acme_/).waitFor();
  await openHome('Ada Byron');
  await intro.waitFor({ state: 'hidden' });
  const [card, home] = await Promise.all([
    tour.boundingBox(),
    page.getByRole('region', { name: 'Bellhop’s Home tab for Ada Byron' }).boundingBox(),
  ]);
  expect(home?.height).toBeGreaterThan((card?.height ?? 0) * 4);

  await tabTo(page, 'Unfold');
  await page.keyboard.press('Enter');
  // What was shown once is still there.
  await tour.getByText(/^ada:acme_/).waitFor();
  expect(await focused(page)).toBe('Fold');
  await page.getByRole('button', { name: 'Messages', exact: true }).click();
  await tour.getByRole('button', { name: 'Fold', exact: true }).click();
  await intro.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Home', exact: true }).click();
  await intro.waitFor();
});

test.each([420, 768, 1280, 1920])('a form and the Home tab keep within their places at %i', async (width) => {
  await page.setViewportSize({ width, height: 900 });
  const faults = async () => [
    ...(await page.evaluate(widerThanItsPlace)),
    ...(width > 1_000 ? await page.evaluate(cutOrBroken) : []),
  ];
  await openHome('Ada Byron');
  expect(await faults()).toEqual([]);
  await page.getByRole('button', { name: 'Unfold' }).click();
  await page.getByRole('button', { name: 'Get a token of yours on the Acme forge' }).click();
  await page.getByText(/^ada:acme_/).waitFor();
  expect(await faults()).toEqual([]);
  await page.getByRole('button', { name: 'Connect Gitea or Forgejo' }).click();
  await modal().waitFor();
  await modal().getByRole('button', { name: 'Get a token of yours on the Acme forge' }).click();
  await modal()
    .getByText(/^ada:acme_/)
    .waitFor();
  await token().fill('no login at all');
  await page.keyboard.press('Enter');
  await modal().getByText(REFUSED).waitFor();
  expect(await faults()).toEqual([]);
  const box = await modal().boundingBox();
  expect(box?.x).toBeGreaterThanOrEqual(0);
  expect((box?.x ?? 0) + (box?.width ?? width)).toBeLessThanOrEqual(width);
  await page.keyboard.press('Escape');
  await modal().waitFor({ state: 'hidden' });
});
