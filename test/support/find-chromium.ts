import { existsSync } from 'node:fs';

export const CHROMIUM_PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** `BELLHOP_TEST_CHROMIUM`, else where distributions put it. */
export function findChromium(environment: NodeJS.ProcessEnv): string | undefined {
  return environment.BELLHOP_TEST_CHROMIUM ?? CHROMIUM_PLACES.find((place) => existsSync(place));
}
