import path from 'node:path';
import { inheritedBy } from '../environments.ts';
import { definedOf } from '../own-process.ts';
import type { UpContext } from '../up-context.ts';

/** Makes sure that the sandbox image is there: minutes at the first start, nothing later. */
export async function provideImage({ environment, journal, supervisor }: UpContext): Promise<void> {
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
