import type { Logger } from 'pino';
import { ModelError } from '../agent/errors.ts';
import { type ModelProgress, type ModelStepDependencies, runModelStep } from '../agent/model-step.ts';
import type { AgentActivities } from '../contracts/activities.ts';
import { whileBeating } from './beating.ts';
import { failure } from './failure.ts';
import { createLiveLine } from './live-line.ts';
import type { SessionSettings } from './settings.ts';
import type { ShowProgress } from './show-progress.ts';

export interface CallModelDependencies extends ModelStepDependencies {
  readonly settings: SessionSettings;
  readonly show: ShowProgress;
  readonly log: Logger;
}

/** How often the text of a running answer is written; Slack takes an edit a second anyway. */
const TEXT_EVERY_MS = 700;

/**
 * One model call. What people wrote since the last one is part of it; the text so far is shown in the thread. Beats
 * carry the phase only: text goes to PostgreSQL and Slack, never into a history.
 */
export function createCallModel(dependencies: CallModelDependencies): AgentActivities['callModel'] {
  const { settings, show, clock, log } = dependencies;
  return async ({ session, turn, step }) => {
    let textShownAt = 0;
    const line = createLiveLine(show, warn);
    const onProgress = ({ phase, text }: ModelProgress): void => {
      if (phase === 'storing') return;
      if (phase === 'answering') {
        if (clock() - textShownAt < TEXT_EVERY_MS) return;
        textShownAt = clock();
      }
      const progress = { session, turn, step, what: WHAT[phase], text };
      // The first word of a turn is its message in the thread, with the button that stops it.
      if (step === 1 && phase === 'claiming') line.sayNow(progress);
      else line.say(progress);
    };
    const asFailure = (error: unknown): never => {
      if (!(error instanceof ModelError)) throw error;
      throw failure(error.code, error.message, { cause: error, retryAfterMs: error.retryAfterMs ?? undefined });
    };
    return whileBeating({ phase: 'claiming' as ModelProgress['phase'] }, (report, signal) =>
      runModelStep(dependencies, {
        session,
        turn,
        step,
        limits: settings.limits,
        signal,
        onProgress(progress) {
          report({ phase: progress.phase });
          onProgress(progress);
        },
      }),
    )
      .catch(asFailure)
      .finally(line.end);
  };

  function warn(error: unknown): void {
    log.warn({ err: error }, 'could not show progress');
  }
}

const WHAT: Readonly<Record<Exclude<ModelProgress['phase'], 'storing'>, string>> = {
  claiming: 'reading',
  summarising: 'summarising what was said before',
  waiting: 'thinking',
  answering: 'writing',
};
