import { ActivityFailure, condition, TimeoutFailure } from '@temporalio/workflow';
import type { ToolRef, ToolResult, TurnInput } from '../contracts/activities.ts';
import { MOST_WAITED_MS } from '../contracts/questions.ts';
import { slackTools } from './activity-proxies.ts';
import type { ReadySandbox } from './turn-sandbox.ts';

/** How far the tools of a turn may go. */
export interface ToolLimits {
  /** The last step that may run. */
  readonly steps: number;
  /** When the turn's minutes are over, in milliseconds since 1970. It moves on while a person is waited for. */
  readonly until: () => number;
  readonly waiting: PeopleWait;
}

/** Waits for people who are asked by tools, and counts that time once, also when several tools wait. */
export interface PeopleWait {
  /**
   * Resolves when a question may have been answered, or can have no answer any more.
   * @param ms for how long the question is open
   * @param seen what `answers` said before the tool looked for its answer
   */
  forAnswer(ms: number, seen: number): Promise<void>;
  /** Adds what was waited in the middle of a call. */
  add(ms: number): void;
  /** How often a question was said to be answered. */
  answers(): number;
  /** Milliseconds that the turn has waited so far. */
  waitedMs(): number;
}

/** A question that was closed without a signal is found this long after its time. */
const GRACE_MS = 2_000;

/** @param answers how many signals said that a question was answered */
export function createPeopleWait(answers: () => number): PeopleWait {
  let waiters = 0;
  let since = 0;
  let waited = 0;
  return {
    answers,
    add(ms) {
      waited += ms;
    },
    async forAnswer(ms, seen) {
      if (waiters === 0) since = Date.now();
      waiters += 1;
      try {
        await condition(() => answers() !== seen, Math.ceil(ms) + GRACE_MS);
      } finally {
        waiters -= 1;
        if (waiters === 0) waited += Date.now() - since;
      }
    },
    waitedMs: () => waited + (waiters > 0 ? Date.now() - since : 0),
  };
}

/**
 * Reads that stand side by side in one model answer run side by side; commands and writes run in order. False when a
 * limit of the turn was reached before all were done; those calls are without a result then.
 *
 * @param sandbox null when none of the tools needs one
 */
export async function runTools(
  sandbox: ReadySandbox | null,
  input: TurnInput,
  tools: readonly ToolRef[],
  { steps, until, waiting }: ToolLimits,
): Promise<boolean> {
  const allowed = tools.filter(({ step }) => step <= steps);
  for (const group of groups(allowed)) {
    if (until() - Date.now() <= 0) return false;
    try {
      const ran = await Promise.all(group.map((tool) => runOne(sandbox, input, tool, until, waiting)));
      // Calls that run side by side wait at the same time, so the longest of these waits is counted.
      waiting.add(Math.max(...ran.map(({ waitedMs }) => waitedMs)));
      if (ran.some(({ isLate }) => isLate)) return false;
    } catch (error) {
      if (isOutOfTime(error)) return false;
      throw error;
    }
  }
  return allowed.length === tools.length;
}

/** Names of tools of MCP servers have this between server and tool (access/mcp/wire-name.ts). No other tool's has. */
const OF_SERVER = '__';

/**
 * How long a call may take. A server may ask a person in the middle of a call, and that wait is no work. So the runner limits
 * the work of such a call (`workMs`), and Temporal limits work and wait together.
 */
function timeFor(tool: string, leftMs: number) {
  if (!tool.includes(OF_SERVER)) return { timeouts: { scheduleToCloseTimeout: leftMs }, given: {} };
  const longest = leftMs + MOST_WAITED_MS;
  return {
    timeouts: { scheduleToCloseTimeout: longest, startToCloseTimeout: longest },
    given: { workMs: leftMs },
  };
}

/**
 * Runs one tool call to its end. A tool that asks a person ends its attempt, and is run again when there is an answer, or when
 * there can be none any more. That wait is the only timer here: Temporal or the runner ends a call that takes too long
 * (`timeFor`). A stop cancels the wait with the turn.
 */
async function runOne(
  sandbox: ReadySandbox | null,
  input: TurnInput,
  ref: ToolRef,
  until: ToolLimits['until'],
  waiting: PeopleWait,
): Promise<{ readonly waitedMs: number; readonly isLate: boolean }> {
  let waitedMs = 0;
  for (;;) {
    const seen = waiting.answers();
    const result = await attempt(sandbox, input, ref, Math.max(1, until() - Date.now()));
    waitedMs += result.waitedMs ?? 0;
    if (result.waitsMs === undefined) return { waitedMs, isLate: result.isLate === true };
    await waiting.forAnswer(result.waitsMs, seen);
  }
}

function attempt(
  sandbox: ReadySandbox | null,
  input: TurnInput,
  { step, tool, at }: ToolRef,
  leftMs: number,
): Promise<ToolResult> {
  const summary = `turn ${input.turn} · ${tool}`;
  const call = { ...input, step, tool };
  if (at === 'slack')
    return slackTools.useSlack.executeWithOptions({ summary, scheduleToCloseTimeout: leftMs }, [call]);
  // A tool of the sandbox is never run before the sandbox is ready.
  if (sandbox === null) throw new TypeError(`${tool} was to run without a sandbox`);
  const { timeouts, given } = timeFor(tool, leftMs);
  return sandbox.runner.tools.runTool.executeWithOptions({ summary, ...timeouts }, [
    { ...call, sandbox: sandbox.id, ...given },
  ]);
}

function isOutOfTime(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof TimeoutFailure &&
    error.cause.timeoutType === 'SCHEDULE_TO_CLOSE'
  );
}

function groups(tools: readonly ToolRef[]): ToolRef[][] {
  const result: ToolRef[][] = [];
  for (const tool of tools) {
    const last = result.at(-1);
    if (tool.parallel && last?.[0]?.parallel) last.push(tool);
    else result.push([tool]);
  }
  return result;
}
