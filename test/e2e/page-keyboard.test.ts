import type { Page } from 'playwright-core';
import { focused, regionsOf, tabTo, until } from './page-browser.ts';
import { onStage } from './page-on-stage.ts';
import type { PageStage } from './page-stage.ts';
import { playThreeOutcomes, playTurn } from './page-story.ts';

jest.setTimeout(90_000);

let stage: PageStage;
let page: Page;

onStage((open) => {
  ({ stage, page } = open);
});

/** Goes by Tab to what is named so and presses it. */
async function press(name: string, key = 'Enter'): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press(key);
}

test('each of the six buttons is pressed by keyboard; the focus goes into the thread and leads back', async () => {
  const { thread } = regionsOf(page);
  const before = stage.slack.world.history('C00PLATFORM').length;
  for (const title of ['1Chart', '2The same', '3Send', '4Look', '5Run']) {
    await press(title);
    await thread.waitFor();
    await until(page, () => focused(page), 'Thread');
    await page.keyboard.press('Shift+Tab');
    expect(await focused(page)).toMatch(/^← #/);
    await page.keyboard.press('Enter');
    await thread.waitFor({ state: 'hidden' });
  }
  expect(stage.slack.world.history('C00PLATFORM')).toHaveLength(before + 4);
});

test('the pinned message is folded, and a script unfolded, by keyboard', async () => {
  const intro = page.getByText('The demo model is not a language model');
  await press('Script of Look for a secret');
  const tour = page.getByRole('region', { name: 'Six things to try' });
  await tour.getByText('no secret in my environment').waitFor();
  await press('Fold');
  await intro.waitFor({ state: 'hidden' });
  expect(await focused(page)).toBe('Unfold');
  await page.keyboard.press('Space');
  await intro.waitFor();
});

test('another person is chosen, and a file attached, by keyboard', async () => {
  await tabTo(page, 'Act as');
  await page.keyboard.type('Grace');
  await page.getByLabel(/^Message #platform-eng as Grace Murray/).waitFor();
  const chooser = page.waitForEvent('filechooser');
  await press('Attach a file');
  await (await chooser).setFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('by keyboard') });
  await page.getByRole('link', { name: 'notes.txt' }).waitFor();
});

test('a message is written, reacted to, edited and deleted by keyboard, and the focus keeps its place', async () => {
  await press('4Look');
  const { thread } = regionsOf(page);
  await thread.waitFor();
  await until(page, () => focused(page), 'Thread');
  await press('React');
  await press('React with eyes');
  await thread.getByRole('button', { name: /^eyes, 1: Ada Byron/ }).waitFor();
  expect(await focused(page)).toBe('React');
  await page.keyboard.press('Shift+Tab');
  expect(await focused(page)).toContain('eyes, 1');
  await page.keyboard.press('Enter');
  await thread.getByRole('button', { name: /^eyes/ }).waitFor({ state: 'hidden' });

  await press('React');
  await tabTo(page, 'React with +1');
  await page.keyboard.press('Escape');
  await thread.getByRole('button', { name: 'React with +1' }).waitFor({ state: 'hidden' });
  expect(await focused(page)).toBe('React');

  await press('Edit');
  expect(await focused(page)).toBe('Edit message');
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('said by keyboard');
  await page.keyboard.press('Enter');
  await thread.getByText('(edited)').waitFor();
  expect(await focused(page)).toBe('Edit');

  await tabTo(page, 'Reply in this thread');
  await page.keyboard.type('a second thought');
  await page.keyboard.press('Enter');
  await thread.getByText('a second thought').waitFor();
  await page.reload();
  await thread.getByText('a second thought').waitFor();
  await tabTo(page, 'Delete');
  await page.keyboard.press('Enter');
  await thread.getByText('said by keyboard').waitFor({ state: 'hidden' });
});

test('the button of a status message and the buttons under an answer are pressed by keyboard', async () => {
  await press('5Run');
  const { thread } = regionsOf(page);
  await thread.waitFor();
  const button = { type: 'button', action_id: 'stop', text: { type: 'plain_text', text: 'Stop' }, value: 'x' };
  const ts = new URL(page.url()).hash.split('/')[1] ?? '';
  await stage.answer('C00PLATFORM', ts, { text: 'Working', blocks: [{ type: 'actions', elements: [button] }] });
  await thread.getByRole('button', { name: 'Stop' }).waitFor();
  const clicked = page.waitForResponse(/\/api\/slack\/click$/);
  await press('Stop');
  expect((await clicked).status()).toBe(200);
  await press('4Look');
  await thread.getByText('no secret in my environment').waitFor();
});

test('every Why?, the link to Temporal UI, the worker and the set-up are reached by keyboard', async () => {
  await press('3Send');
  const { thread, egress, happened } = regionsOf(page);
  await thread.waitFor();
  const ts = new URL(page.url()).hash.split('/')[1] ?? '';
  await playThreeOutcomes(stage, await playTurn(stage, ts));
  await egress.getByText('1 injected · 1 forwarded · 1 blocked').waitFor();

  await press('Why was POST paste.acme.test blocked?');
  await egress.getByText('Nothing attached to this channel').waitFor();
  await page.keyboard.press('Enter');
  await egress.getByText('Nothing attached to this channel').waitFor({ state: 'hidden' });
  await tabTo(page, 'Open in Temporal UI');
  const killed = stage.killed.length;
  await press('Kill the worker', 'Space');
  await until(page, () => stage.killed.length, killed + 1);
  await press('Why? Resolve access');
  await happened.getByText('acme-readonly ← acme-data ← #platform-eng').waitFor();
  await press('Why was GET docs.acme.test forwarded?');
  await happened.getByText('Let through without a credential').waitFor();
  await press('Ready');
  await page.getByRole('region', { name: 'How the set-up went' }).waitFor();
});
