import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inheritedBy } from '../environments.ts';
import { definedOf } from '../own-process.ts';
import type { UpContext } from '../up-context.ts';

/** What failed is nearly always the way to a mirror or registry, which may be open again later. */
const RETRY_MS = 60_000;

/**
 * Makes sure that the sandbox image is there: minutes at the first start, nothing later. A build that fails is tried again and stops
 * nothing: mentions are taken in meanwhile, and wait.
 */
export async function provideImage(context: UpContext): Promise<void> {
  const { supervisor, tell, signal } = context;
  for (;;) {
    try {
      await buildImage(context);
      return;
    } catch (error) {
      if (signal.aborted) throw error;
      tell(`  Trying again in ${RETRY_MS / 1000} s; what was said: ${supervisor.logFile('image')}`);
      await sleep(RETRY_MS, undefined, { signal });
    }
  }
}

/** One try; throws when it fails. */
export async function buildImage({ environment, journal, supervisor }: UpContext): Promise<void> {
  await journal.step('image', async (say) => {
    let last = '';
    const env = definedOf(inheritedBy('image', environment));
    const script = path.join(import.meta.dirname, '..', 'build-image.ts');
    await supervisor.run({ name: 'image', script, env }, (line) => {
      last = line;
      say(line);
    });
    return { detail: last, value: undefined };
  });
}
