import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { openPage, regionsOf } from './page-browser.ts';
import { type PageStage, startPageStage } from './page-stage.ts';
import { applyPolicy, demoPolicy, playThreeOutcomes, playTurn } from './page-story.ts';

jest.setTimeout(90_000);

const LOOKS = [
  { width: 1280, height: 800, colorScheme: 'light' },
  { width: 1280, height: 800, colorScheme: 'dark' },
  { width: 1920, height: 1080, colorScheme: 'light' },
  { width: 1920, height: 1080, colorScheme: 'dark' },
] as const;

let stage: PageStage;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: readonly string[];

beforeAll(async () => {
  [stage, browser] = await Promise.all([startPageStage(), launchChromium()]);
  await applyPolicy(stage, demoPolicy(1));
});

afterAll(async () => {
  await browser?.close();
  await stage?.[Symbol.asyncDispose]();
});

/** In the page: what is wider than its place, what is cut without saying so, and what cannot be read. */
function faultsOfLook(): string[] {
  const root = document.documentElement;
  const faults = root.scrollWidth > root.clientWidth ? [`the page is ${root.scrollWidth} wide`] : [];
  const nameOf = (element: Element) => `${element.tagName}.${element.className}`;
  for (const element of document.querySelectorAll('body *')) {
    const { overflowX, textOverflow, webkitLineClamp } = getComputedStyle(element);
    if (!element.checkVisibility() || element.matches('.visually-hidden, .rich__table')) continue;
    const cutsOpenly = textOverflow === 'ellipsis' || webkitLineClamp !== 'none';
    if (overflowX !== 'visible' && !cutsOpenly && element.scrollWidth > element.clientWidth)
      faults.push(`${nameOf(element)} is ${element.scrollWidth} wide in ${element.clientWidth}`);
  }
  for (const box of document.querySelectorAll('textarea')) {
    const text = box.value;
    box.value = box.placeholder;
    if (box.scrollHeight > box.clientHeight) faults.push(`the placeholder “${box.placeholder}” is cut`);
    box.value = text;
  }
  const legend = [...document.querySelectorAll('.egress-legend li')].map((item) => item.getBoundingClientRect().top);
  if (new Set(legend).size !== 1) faults.push('the legend is not one row');
  return faults;
}

describe.each(LOOKS)('at $width in $colorScheme', ({ width, height, colorScheme }) => {
  beforeEach(async () => {
    ({ context, page, complaints } = await openPage(browser, stage.url));
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
  });

  afterEach(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });

  test('every view keeps within its place', async () => {
    expect(await page.evaluate(faultsOfLook)).toEqual([]);
    for (const channel of ['#acme-globex', '#random', 'Bellhop']) {
      await page.getByRole('button', { name: channel, exact: true }).click();
      await page.getByRole('heading', { name: channel, exact: true }).and(page.locator('h3')).waitFor();
      expect(await page.evaluate(faultsOfLook)).toEqual([]);
    }
    await page.getByRole('button', { name: 'Ready' }).click();
    await page.getByRole('region', { name: 'How the set-up went' }).waitFor();
    expect(await page.evaluate(faultsOfLook)).toEqual([]);
  });

  test('a thread with every outcome, its explanations, a long line and an answer keeps within its place', async () => {
    const { thread, egress, happened } = regionsOf(page);
    await page.getByRole('button', { name: '#platform-eng', exact: true }).click();
    await page.getByRole('button', { name: /^1 Chart/ }).click();
    await thread.waitFor();
    const ts = new URL(page.url()).hash.split('/')[1] ?? '';
    const session = await playTurn(stage, ts);
    await playThreeOutcomes(stage, session);
    await stage.test.database.query("update turn set state = 'answered', ended_at = now() where session = $1", [
      session,
    ]);
    const text = `1. \`$ ${'a-long-command '.repeat(30)}\`\n\`\`\`\n${'x'.repeat(600)}\n\`\`\``;
    await stage.answer('C00PLATFORM', ts, { text, blocks: [{ type: 'markdown', text }] });
    await page.getByRole('region', { name: 'Try next' }).waitFor();
    for (const outcome of ['injected', 'forwarded', 'blocked']) {
      await egress.getByRole('button', { name: new RegExp(`^Why was .* ${outcome}`) }).click();
    }
    await happened.getByRole('button', { name: 'Why? Resolve access' }).click();
    await happened.getByText('What this place can reach').waitFor();
    await egress.getByText('matches: this rule decides').nth(1).waitFor();
    expect(await page.evaluate(faultsOfLook)).toEqual([]);
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
