import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A real Chromium, headless and silent: it fetches nothing for itself. `BELLHOP_TEST_CHROMIUM` names another one. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = process.env.BELLHOP_TEST_CHROMIUM ?? PLACES.find((place) => existsSync(place));
  if (!executablePath) throw new Error(`no Chromium at ${PLACES.join(', ')}: install it or set BELLHOP_TEST_CHROMIUM`);
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-quic'],
  });
}
