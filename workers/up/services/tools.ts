import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sandboxToolsOf } from '../../../docker/sandbox-image.ts';
import { reasonOf } from '../../../setup/errors.ts';
import { inheritedBy } from '../environments.ts';
import { definedOf } from '../own-process.ts';
import type { UpContext } from '../up-context.ts';

/** A build of minutes is not tried again as soon as a short step: a mirror is away, or the disk is full. */
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 60 * 60_000;

export interface ToolsOptions {
  readonly firstRetryMs?: number;
  /** The task that builds. @default workers/up/build-image.ts */
  readonly script?: string;
}

/**
 * Makes sure that the larger sandbox image is there, while people already work on the base. Returns when it is, or when nobody
 * wishes for it. A build that fails is told in `setup.json` with its last lines and tried again, with twice the pause each time up to
 * an hour. Runners look for the image by themselves, so nobody is told when it is there.
 */
export async function provideTools(context: UpContext, options: ToolsOptions = {}): Promise<void> {
  const { environment, journal, signal, tell } = context;
  if (sandboxToolsOf(environment) === 'base') {
    journal.setTools({ state: 'left-out', detail: 'BELLHOP_SANDBOX_TOOLS is base' });
    return;
  }
  let pause = options.firstRetryMs ?? FIRST_RETRY_MS;
  for (;;) {
    try {
      await build(context, options.script ?? path.join(import.meta.dirname, '..', 'build-image.ts'));
      return;
    } catch (error) {
      if (signal.aborted) throw error;
      const detail = reasonOf(error);
      const again = new Date(Date.now() + pause).toISOString();
      journal.setTools({ state: 'failed', detail, again });
      tell(
        `  The tools of sandboxes were not built; trying again in ${Math.round(pause / 1000)} s. ${lastLine(detail)}`,
      );
      await sleep(pause, undefined, { signal });
      pause = Math.min(2 * pause, LONGEST_RETRY_MS);
    }
  }
}

async function build({ environment, journal, supervisor }: UpContext, script: string): Promise<void> {
  journal.setTools({ state: 'building', detail: 'looking what is there' });
  let last = '';
  const env = definedOf(inheritedBy('image', environment));
  const task = { name: 'tools', script, args: ['full'], env };
  await supervisor.run(task, (line) => {
    last = line;
    journal.setTools({ state: 'building', detail: line });
  });
  journal.setTools({ state: 'ready', detail: last });
}

function lastLine(text: string): string {
  return text.trimEnd().split(os.EOL).at(-1) ?? '';
}
