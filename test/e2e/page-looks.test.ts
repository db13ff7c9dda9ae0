import type { Page } from 'playwright-core';
import { regionsOf } from './page-browser.ts';
import { cutOrBroken, widerThanItsPlace } from './page-faults.ts';
import { onStage } from './page-on-stage.ts';
import type { PageStage } from './page-stage.ts';
import { playThreeOutcomes, playTurn } from './page-story.ts';

jest.setTimeout(90_000);

const LOOKS = [
  { width: 1280, height: 800, colorScheme: 'light' },
  { width: 1280, height: 800, colorScheme: 'dark' },
  { width: 1920, height: 1080, colorScheme: 'light' },
  { width: 1920, height: 1080, colorScheme: 'dark' },
] as const;

let stage: PageStage;
let page: Page;

onStage((open) => {
  ({ stage, page } = open);
});

async function faultsOfLook(): Promise<string[]> {
  return [...(await page.evaluate(widerThanItsPlace)), ...(await page.evaluate(cutOrBroken))];
}

/** Three outcomes in a thread that ended with a long line, every explanation of theirs open. */
async function showEverything(): Promise<void> {
  const { thread, egress, happened } = regionsOf(page);
  await page.getByRole('button', { name: '#platform-eng', exact: true }).click();
  await page.getByRole('button', { name: /^1 Chart/ }).click();
  await thread.waitFor();
  const ts = new URL(page.url()).hash.split('/')[1] ?? '';
  const session = await playTurn(stage, ts);
  await playThreeOutcomes(stage, session);
  await stage.test.database.query("update turn set state = 'answered', ended_at = now() where session = $1", [session]);
  const text = `1. \`$ ${'a-long-command '.repeat(30)}\`\n\`\`\`\n${'x'.repeat(600)}\n\`\`\``;
  await stage.answer('C00PLATFORM', ts, { text, blocks: [{ type: 'markdown', text }] });
  await page.getByRole('region', { name: 'Try next' }).waitFor();
  for (const outcome of ['injected', 'forwarded', 'blocked']) {
    await egress.getByRole('button', { name: new RegExp(`^Why was .* ${outcome}`) }).click();
  }
  await happened.getByRole('button', { name: 'Why? Resolve access' }).click();
  await happened.getByText('What this place can reach').waitFor();
  await egress.getByText('matches: this rule decides').nth(1).waitFor();
}

describe.each(LOOKS)('at $width in $colorScheme', ({ width, height, colorScheme }) => {
  beforeEach(async () => {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
  });

  test('every view keeps within its place', async () => {
    expect(await faultsOfLook()).toEqual([]);
    for (const channel of ['#acme-globex', '#random', 'Bellhop']) {
      await page.getByRole('button', { name: channel, exact: true }).click();
      await page.getByRole('heading', { name: channel, exact: true }).and(page.locator('h3')).waitFor();
      expect(await faultsOfLook()).toEqual([]);
    }
    await page.getByRole('button', { name: 'Ready' }).click();
    await page.getByRole('region', { name: 'How the set-up went' }).waitFor();
    expect(await faultsOfLook()).toEqual([]);
  });

  test('a thread with every outcome, its explanations, a long line and an answer keeps within its place', async () => {
    await showEverything();
    expect(await faultsOfLook()).toEqual([]);
  });

  test('light is light and dark is dark', async () => {
    const brightness = await page.evaluate(() => {
      const canvas = document.createElement('canvas').getContext('2d');
      if (!canvas) return null;
      canvas.fillStyle = getComputedStyle(document.body).backgroundColor;
      canvas.fillRect(0, 0, 1, 1);
      return (canvas.getImageData(0, 0, 1, 1).data[0] ?? 0) / 255;
    });
    if (colorScheme === 'light') expect(brightness).toBeGreaterThan(0.9);
    else expect(brightness).toBeLessThan(0.15);
  });
});

test.each([420, 768, 1280, 1920])(
  'nothing is wider than its place at %i, and what is written can be sent',
  async (width) => {
    await page.setViewportSize({ width, height: 900 });
    expect(await page.evaluate(widerThanItsPlace)).toEqual([]);
    await page.getByRole('button', { name: 'Ready' }).click();
    await page.getByRole('region', { name: 'How the set-up went' }).waitFor();
    expect(await page.evaluate(widerThanItsPlace)).toEqual([]);
    await page.getByRole('button', { name: 'Ready' }).click();
    await showEverything();
    expect(await page.evaluate(widerThanItsPlace)).toEqual([]);
    const send = await page.getByRole('button', { name: 'Send', exact: true }).boundingBox();
    const slack = await page.locator('#slack').boundingBox();
    expect((send?.x ?? width) + (send?.width ?? 0)).toBeLessThan((slack?.x ?? 0) + (slack?.width ?? 0));
  },
);

test.each([
  { width: 1440, height: 900 },
  { width: 1280, height: 800 },
])('the set-up that goes on leaves two thirds of $width×$height to the panes, a line a step', async (size) => {
  await page.setViewportSize(size);
  const steps = Array.from({ length: 30 }, (_, index) => ({
    id: `${index}`,
    title: 'Build the image',
    state: index < 15 ? ('done' as const) : ('running' as const),
    ms: 1_000,
    detail: 'what goes on, at length; '.repeat(12),
  }));
  await stage.setup({ steps });
  const setup = page.getByRole('region', { name: 'Setting up' });
  await setup.getByRole('listitem').nth(29).waitFor();
  const heights = await setup.getByRole('listitem').evaluateAll((items) => items.map((item) => item.clientHeight));
  expect(Math.max(...heights)).toBeLessThan(26);
  expect((await setup.boundingBox())?.height).toBeLessThanOrEqual(size.height / 3);
  await stage.setup({});
  await setup.waitFor({ state: 'hidden' });
});

test('the six buttons are in sight at once, also while a script is open', async () => {
  const tour = page.getByRole('region', { name: 'Six things to try' });
  await tour.getByText('Script', { exact: true }).nth(4).click();
  expect(await tour.locator('details[open]').count()).toBe(1);
  const box = await tour.boundingBox();
  for (const button of await tour.locator('.run').all()) {
    const place = await button.boundingBox();
    expect(place?.y).toBeGreaterThanOrEqual(box?.y ?? 0);
    expect((place?.y ?? 0) + (place?.height ?? 0)).toBeLessThanOrEqual((box?.y ?? 0) + (box?.height ?? 0));
  }
});
