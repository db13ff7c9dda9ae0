import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { type OpenPage, openPage } from './page-browser.ts';
import { type PageStage, startPageStage } from './page-stage.ts';
import { applyPolicy, demoPolicy } from './page-story.ts';

export interface OnStage {
  readonly stage: PageStage;
  readonly context: BrowserContext;
  readonly page: Page;
}

/**
 * One stage for a file of tests, with the demo's access file in force; each test has the page opened anew, and fails when
 * it complained in the console.
 * @param use called before each test
 */
export function onStage(use: (open: OnStage) => void): void {
  let stage: PageStage;
  let browser: Browser;
  let opened: OpenPage;

  beforeAll(async () => {
    [stage, browser] = await Promise.all([startPageStage(), launchChromium()]);
    await applyPolicy(stage, demoPolicy(1));
  });

  afterAll(async () => {
    await browser?.close();
    await stage?.[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    opened = await openPage(browser, stage.url);
    use({ stage, context: opened.context, page: opened.page });
  });

  afterEach(async () => {
    await opened.context.close();
    expect(opened.complaints).toEqual([]);
  });
}
