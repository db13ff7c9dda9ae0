import type { Browser, BrowserContext, Page } from 'playwright-core';

export interface OpenPage {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Every error and warning of the console, and every error that nobody caught. */
  readonly complaints: readonly string[];
}

/** Opens the page by its printed address and waits until the workspace is there. */
export async function openPage(browser: Browser, url: string): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  await page.getByRole('heading', { name: 'Acme' }).waitFor();
  return { context, page, complaints };
}

/** The regions of the page that tests look into. */
export function regionsOf(page: Page) {
  return {
    egress: page.getByRole('region', { name: 'Egress of this thread' }),
    happened: page.getByRole('region', { name: 'What happened' }),
    thread: page.getByRole('region', { name: 'Messages of this thread' }),
  };
}

const MOST_STOPS = 120;

/**
 * Presses Tab until the focus is on what is named so. Every stop on the way must be seen: it has an outline, and neither
 * lies under something else nor outside of what scrolls.
 */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < MOST_STOPS; presses += 1) {
    const { named, seen, outlined } = await page.evaluate(focusNow);
    // Where it begins may have been reached by mouse: no outline is due there.
    const due = named !== null && presses > 0;
    if (due) expect({ named, seen, outlined }).toEqual({ named, seen: true, outlined: true });
    if (named?.includes(name)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no way by Tab to ${name}`);
}

/** What the focus is on, as somebody hears it; null when it is on nothing. */
export async function focused(page: Page): Promise<string | null> {
  return (await page.evaluate(focusNow)).named;
}

/** In the page. */
function focusNow() {
  const element = document.activeElement;
  if (!(element instanceof HTMLElement) || element === document.body)
    return { named: null, seen: false, outlined: false };
  const label = element instanceof HTMLSelectElement ? element.labels[0]?.textContent : null;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const { left, top, width, height } = element.getBoundingClientRect();
  // A text that scrolls may be taller than what shows it: then some part of it is enough.
  const shown = [0.05, 0.5, 0.95].some((part) =>
    element.contains(document.elementFromPoint(left + width * part, top + height * part)),
  );
  return {
    named: element.getAttribute('aria-label') ?? label ?? element.textContent ?? '',
    seen: element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && shown,
    outlined: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0,
  };
}

/** Asks until the answer is the wanted one; fails as an ordinary expectation after 5 s. */
export async function until<T>(page: Page, ask: () => T | Promise<T>, wanted: T): Promise<void> {
  const end = Date.now() + 5_000;
  while (Date.now() < end && JSON.stringify(await ask()) !== JSON.stringify(wanted)) await page.waitForTimeout(50);
  expect(await ask()).toEqual(wanted);
}
