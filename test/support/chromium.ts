import { type Browser, chromium } from 'playwright-core';
import { CHROMIUM_PLACES, findChromium } from './find-chromium.ts';

/** A real Chromium, headless and silent: it fetches nothing for itself. `BELLHOP_TEST_CHROMIUM` names another one. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium(process.env);
  if (!executablePath)
    throw new Error(`no Chromium at ${CHROMIUM_PLACES.join(', ')}: install it or set BELLHOP_TEST_CHROMIUM`);
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-quic'],
  });
}
