import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inheritedBy } from '../environments.ts';
import { definedOf } from '../own-process.ts';
import type { UpContext } from '../up-context.ts';

/** A build nearly always fails because a mirror or registry cannot be reached, which may change at any time. */
const RETRY_MS = 60_000;

/**
 * Makes sure that the sandbox image is there. That takes minutes at the first start and no time later. A build that fails is tried
 * again. Meanwhile, mentions are taken in and wait.
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
    await supervisor.run({ name: 'image', script, args: ['base'], env }, (line) => {
      last = line;
      say(line);
    });
    return { detail: last, value: undefined };
  });
}
