import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { giveUpSlackStep, runSlackStep, type SlackStepDependencies } from '../agent/slack-step.ts';
import { createToolRegistry } from '../agent/tools/registry.ts';
import type { SlackActivities, ToolResult } from '../contracts/activities.ts';
import type { SlackRoom } from '../contracts/slack-reading.ts';
import { failureOf, isOfSlack } from '../slack/api/errors.ts';
import type { Database } from '../store/database.ts';
import type { StepRef } from '../store/steps.ts';
import { whileBeating } from './beating.ts';
import { nameFailures } from './name-failures.ts';
import { createLiveLine, createShowProgress, type ShowProgress } from './progress.ts';
import { spendRetry } from './retry-budget.ts';

/** Slack's limits are counted by the minute, so a limit that is reached has room again well before this is used up. */
export const SLACK_BUDGET = { cause: 'slack', windowMs: 300_000, firstPauseMs: 1_000, longestPauseMs: 30_000 };

export interface UseSlackDependencies extends SlackStepDependencies {
  readonly show: ShowProgress;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
  /** @default SLACK_BUDGET */
  readonly budget?: typeof SLACK_BUDGET;
}

/** Everything that a gateway does for a turn. */
export function createSlackActivities(deps: {
  readonly database: Database;
  readonly room: SlackRoom;
  readonly budget?: typeof SLACK_BUDGET;
}): SlackActivities {
  const clock = (): number => performance.now();
  const useSlack = createUseSlack({
    ...deps,
    tools: createToolRegistry(),
    show: createShowProgress(deps.database),
    clock,
  });
  return nameFailures({ useSlack }, { clock, random: Math.random });
}

/**
 * One tool call that works in Slack. A rate limit does not fail it: the attempt ends with the pause that Slack asks for, and Temporal tries
 * again. When the budget is used up, the model is told, and the turn goes on.
 */
export function createUseSlack(dependencies: UseSlackDependencies): SlackActivities['useSlack'] {
  const { show, clock, budget = SLACK_BUDGET } = dependencies;
  return ({ session, turn, step, tool }) => {
    const ref: StepRef = { session, turn, step };
    const began = clock();
    return whileBeating({ tool }, async (_report, signal) => {
      const line = createLiveLine(show, () => undefined);
      line.say({ ...ref, what: WHAT[tool] ?? 'using Slack' });
      try {
        return await runSlackStep(dependencies, { ...ref, signal });
      } catch (error) {
        // Anything else is a mistake of ours, or has a rule of its own.
        if (signal.aborted || !isOfSlack(error)) throw error;
        return await afterFailure(dependencies, ref, { error, tookMs: clock() - began, budget });
      } finally {
        line.end();
      }
    });
  };
}

async function afterFailure(
  { database }: UseSlackDependencies,
  ref: StepRef,
  { error, tookMs, budget }: { readonly error: unknown; readonly tookMs: number; readonly budget: typeof SLACK_BUDGET },
): Promise<ToolResult> {
  const failed = failureOf(error);
  if (failed.kind === 'refused') return giveUpSlackStep(database, ref, refusedText(failed.code));
  const askedMs = failed.kind === 'limited' ? failed.waitMs : null;
  const failure = await spendRetry(database, ref, budget, { type: 'SlackUnavailable', error, tookMs, askedMs });
  if (!(failure instanceof ApplicationFailure) || !failure.nonRetryable) throw failure;
  Context.current().log.warn('Slack was asked in vain for too long', { reason: failure.message });
  const minutes = Math.round(budget.windowMs / 60_000);
  return giveUpSlackStep(
    database,
    ref,
    failed.kind === 'limited'
      ? `Slack's rate limit left no room for this within ${minutes} minutes. Nothing came of this call. Say so, or try a smaller request later.`
      : `Slack did not answer within ${minutes} minutes. Say so, or try again later.`,
  );
}

/** What Slack's refusals mean for the model (docs.slack.dev, the errors of each method). */
function refusedText(code: string): string {
  const known: Readonly<Record<string, string>> = {
    not_in_channel: 'I am not in that channel, so I cannot read it. Somebody there can invite me.',
    channel_not_found: 'There is no such channel, or I am not in it.',
    message_not_found: 'There is no such message; it may have been deleted.',
    thread_not_found: 'There is no such thread; its first message may have been deleted.',
    is_archived: 'That channel is archived.',
    missing_scope: 'The Slack app lacks a permission for this. An administrator adds it with the current manifest.',
  };
  return known[code] ?? `Slack refused this (${code}).`;
}

const WHAT: Readonly<Record<string, string>> = {
  read_thread: 'reading this thread',
  read_channel: 'reading a channel',
  read_message: 'reading a message',
  read_pins: 'reading pinned messages',
  search_messages: 'searching channels',
  find_people: 'looking somebody up',
  find_channels: 'looking for a channel',
  post_message: 'posting in another channel',
  delete_message: 'deleting a message of mine',
};
