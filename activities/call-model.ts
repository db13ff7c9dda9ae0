import type { Logger } from 'pino';
import { ModelError } from '../agent/errors.ts';
import { type ModelProgress, type ModelStepDependencies, runModelStep } from '../agent/model-step.ts';
import { tellWait } from '../agent/model-wait.ts';
import { mayBecomeSilence } from '../agent/silence.ts';
import type { AgentActivities } from '../contracts/activities.ts';
import { FAILURES } from '../contracts/failures.ts';
import { ownLimitsOf } from '../store/personal-settings.ts';
import { steeredBy } from '../store/turns.ts';
import { whileBeating } from './beating.ts';
import { failure } from './failure.ts';
import { lowered } from './own-limits.ts';
import { createLiveLine, type ShowProgress } from './progress.ts';
import { spendRetry } from './retry-budget.ts';
import type { SessionSettings } from './settings.ts';

export interface CallModelDependencies extends ModelStepDependencies {
  readonly settings: SessionSettings;
  readonly show: ShowProgress;
  readonly log: Logger;
}

/** The most people that are named in a history. The turn's row has all of them. */
const MOST_NAMED = 20;

/**
 * One model call. What people wrote since the last one is part of it; the text so far is shown in the thread. Beats
 * carry the phase only: text goes to PostgreSQL and Slack, never into a history. While the model's service fails, the call
 * is tried again for a window of time that is the model's own (retry-budget.ts), and the thread is told when that takes long.
 */
export function createCallModel(dependencies: CallModelDependencies): AgentActivities['callModel'] {
  const { database, settings, show, clock, log } = dependencies;
  const budget = { cause: 'model', windowMs: settings.modelWindowMs, firstPauseMs: 1_000, longestPauseMs: 30_000 };
  return async ({ session, turn, step }) => {
    const ref = { session, turn, step };
    const began = clock();
    let progressed = false;
    const line = createLiveLine(show, (error) => log.warn({ err: error }, 'could not show progress'));
    const onProgress = ({ phase, text }: ModelProgress): void => {
      if (phase === 'storing') return;
      if (phase === 'answering') {
        progressed = true;
        if (mayBecomeSilence(text)) return;
      }
      const progress = { ...ref, what: WHAT[phase], text };
      // The first word of a turn is its message in the thread, with the button that stops it.
      if (step === 1 && phase === 'claiming') line.sayNow(progress);
      else line.say(progress);
    };
    try {
      const limits = lowered(settings.limits, await ownLimitsOf(database, session));
      const answer = await whileBeating({ phase: 'claiming' as ModelProgress['phase'] }, (report, signal) =>
        runModelStep(dependencies, {
          ...ref,
          limits,
          signal,
          onProgress(progress) {
            report({ phase: progress.phase });
            onProgress(progress);
          },
        }),
      );
      if (answer.limit === 'repetition') log.warn({ session, turn, step }, 'the turn goes in circles and is ended');
      const people = await steeredBy(database, session, turn, MOST_NAMED);
      return people.length > 0 ? { ...answer, steeredBy: people } : answer;
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      if (!FAILURES[error.code].retry) throw failure(error.code, error.message, { cause: error });
      throw await spendRetry(database, ref, budget, {
        ...{ type: error.code, error, tookMs: clock() - began, progressed, askedMs: error.retryAfterMs },
        onPause: (db, delay) => tellWait(db, ref, error, { ...delay, brokeOff: progressed }),
      });
    } finally {
      line.end();
    }
  };
}

const WHAT: Readonly<Record<Exclude<ModelProgress['phase'], 'storing'>, string>> = {
  claiming: 'reading',
  summarising: 'summarising what was said before',
  waiting: 'thinking',
  answering: 'writing',
};
