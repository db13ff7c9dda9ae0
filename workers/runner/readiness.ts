import type { Logger } from 'pino';
import { orLate } from '../../contracts/within.ts';
import type { RunnerPart } from '../../store/runners.ts';

export interface ReadinessChecks {
  /** Fails when the engine does not answer; false when it has no sandbox image. */
  readonly hasImage: () => Promise<boolean>;
  /** Fails when the proxy does not answer. */
  readonly askProxy: () => Promise<unknown>;
  readonly log: Logger;
}

/** What does not answer within this is not there. */
const ANSWER_MS = 3_000;

/**
 * Looks what a runner lacks to run a sandbox. The beat says it, so that a runner without an engine, image or proxy gets
 * no work and is still known to be alive. A change is logged.
 */
export function createReadiness({ hasImage, askProxy, log }: ReadinessChecks): () => Promise<RunnerPart[]> {
  let before: string | null = null;
  return async () => {
    const [image, proxy] = await Promise.all([
      orLate(ANSWER_MS, hasImage()).then(
        (there): RunnerPart | null => (there ? null : 'image'),
        (): RunnerPart => 'engine',
      ),
      orLate(ANSWER_MS, askProxy()).then(
        () => null,
        (): RunnerPart => 'proxy',
      ),
    ]);
    const lacks = [image, proxy].filter((part) => part !== null);
    const now = lacks.join(', ');
    if (now !== before)
      log.info({ lacks }, now === '' ? 'ready for sandboxes' : `not ready for sandboxes: lacks ${now}`);
    before = now;
    return lacks;
  };
}
