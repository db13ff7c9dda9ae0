import type { ToolResult } from '../contracts/activities.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Database } from '../store/database.ts';
import {
  endToolStep,
  markBegun,
  type StepRef,
  startToolStep,
  type ToolEnd,
  type ToolStep,
  uncountAttempt,
} from '../store/steps.ts';
import { inTurn } from '../store/turn-fence.ts';
import { setPlan } from '../store/turns.ts';
import { askMeanwhile, askPerson, WaitsForPerson } from './ask-person.ts';
import { assertNotLostTooOften, StepError } from './errors.ts';
import { placeIncomingFiles } from './incoming-files.ts';
import type { McpPort, OpenPipe } from './mcp/mcp-port.ts';
import { turnRegistry } from './mcp/turn-tools.ts';
import { createOwnConnections, ownMark } from './own-connection.ts';
import { failedEnd } from './settle-tools.ts';
import { estimateTokens } from './tokens.ts';
import type { ToolRegistry } from './tools/registry.ts';
import type { SandboxPort } from './tools/sandbox-port.ts';
import type { FilesPort, ToolContext, ToolOutcome, ToShow } from './tools/tool.ts';
import { whatItDoes } from './tools/what-it-does.ts';
import { UNKNOWN_OUTCOME } from './transcript/outcomes.ts';
import { keepShown } from './viewing/keep-shown.ts';
import { wordsOfOthers } from './words-of-others.ts';

export interface ToolStepDependencies {
  readonly database: Database;
  readonly tools: ToolRegistry;
  readonly files: FilesPort;
  readonly mcp: McpPort;
  /**
   * Runs work of one session one after the other. Calls that begin at once would each place all that is attached; so the first one
   * places it, and the next one finds nothing to place. @default at once
   */
  readonly placing?: <T>(session: SessionId, work: () => Promise<T>) => Promise<T>;
}

export interface ToolStepInput extends StepRef {
  /** Bound to the session's sandbox and its agent's user. */
  readonly sandbox: SandboxPort;
  /** Names its workspace: a sandbox placed anew has a new id and none of the files. */
  readonly sandboxId: string;
  readonly signal: AbortSignal;
  /** Bytes of output so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** How far an MCP server says that it is. */
  readonly onSteps?: ((progress: string) => void) | undefined;
  /** What the call does, in the model's words or else by its arguments. */
  readonly onDoing?: ((doing: string) => void) | undefined;
  /** Waits for a person in the middle of the call. */
  readonly waiting?: (<T>(wait: () => Promise<T>) => Promise<T>) | undefined;
}

/**
 * Runs one tool call and stores its result, once for each step: a step that has ended returns what it ended with. A
 * further attempt of a tool that is not idempotent ends as "outcome unknown" instead of running again, but only when an
 * earlier attempt may have had an effect. Throws what the sandbox throws, `StoreError` when the turn is over, or the
 * signal's reason; the step then stays open until an attempt or `settleOpenTools` ends it. It stays open too while a person is
 * asked: `waitsMs` says so.
 */
export async function runToolStep(deps: ToolStepDependencies, input: ToolStepInput): Promise<ToolResult> {
  return runStep(deps.database, input, (step) => endOf(deps, input, step));
}

/** What every tool step has in common, wherever it is run: its beginning, its one end, and the wait for a person between them. */
export async function runStep(
  database: Database,
  ref: StepRef,
  endOfStep: (step: ToolStep) => Promise<Ending>,
): Promise<ToolResult> {
  const step = await inTurn(database, ref, (db) => startToolStep(db, ref));
  if (!step) throw new StepError(`no tool step ${ref.session}/${ref.turn}/${ref.step}`);
  if (step.state !== 'running') return { exitCode: step.exitCode, truncated: step.truncated };
  assertNotLostTooOften(step.attempt, step.trouble);
  const outcome = await endOfStep(step).catch((error: unknown) => {
    if (error instanceof WaitsForPerson) return error;
    throw error;
  });
  if (outcome instanceof WaitsForPerson) {
    await inTurn(database, ref, (db) => uncountAttempt(db, ref));
    return { exitCode: null, truncated: false, waitsMs: outcome.leftMs };
  }
  const { toShow = [], ...end } = outcome;
  await inTurn(database, ref, async (db) => {
    const shown = await keepShown(db, ref, toShow);
    await endToolStep(db, ref, { ...end, ...(shown.length > 0 && { shown }) });
  });
  return { exitCode: end.exitCode, truncated: end.truncated };
}

/** The end of a step, with what is still to be stored. */
export type Ending = ToolEnd & { readonly toShow?: readonly ToShow[] };

async function endOf(deps: ToolStepDependencies, input: ToolStepInput, step: ToolStep): Promise<Ending> {
  const { database, files, mcp, placing = (_session, work) => work() } = deps;
  const { session, turn, sandbox, signal, onProgress, waiting = (wait) => wait() } = input;
  const known = deps.tools.find(step.tool);
  const tools = known ? deps.tools : await turnRegistry(database, deps.tools, input);
  const tool = known ?? tools.find(step.tool);
  if (!tool) return failedEnd(tools.missing(step.tool));
  // A worker of an earlier version sends it here.
  if (tool.at === 'slack') return failedEnd(`${step.tool} works in Slack by now. Call it again.`);
  if (step.begun && !tool.idempotent) return { ...failedEnd(UNKNOWN_OUTCOME), state: 'unknown' };
  signal.throwIfAborted();
  const doing = doingOf(step.tool, step.arguments);
  if (doing !== null) input.onDoing?.(doing);
  const problems = await placing(session, async () => {
    signal.throwIfAborted();
    return placeIncomingFiles(database, input);
  });
  const elapsedMs = () => Date.now() - step.startedAt.getTime();
  const begin = () => inTurn(database, input, (db) => markBegun(db, input));
  const open: OpenPipe = (command, until) => sandbox.openPiped(command, { signal: until });
  const context: ToolContext = {
    ...{ session, turn, step: input.step, sandbox, elapsedMs, files, onProgress, begin },
    showPlan: (items) => inTurn(database, input, (db) => setPlan(db, input, items)),
    ask: (question) => askPerson(database, input, question),
    askMeanwhile: (question, until, ended) => waiting(() => askMeanwhile(database, input, question, until, ended)),
    own: createOwnConnections(database, input),
    callServer: (call, use) =>
      mcp.call(
        {
          ...call,
          ...{ session, turn, open, sandbox: input.sandboxId },
          onProgress: (progress) => input.onSteps?.(progress),
        },
        use,
      ),
    startServer: (start) => mcp.start({ ...start, session, open, sandbox: input.sandboxId }),
  };
  // From here on the call may have an effect; a command and a call of an MCP server say so themselves.
  if (!tool.runsCommand && !tool.beginsItself) await begin();
  const outcome = await tool.run(context, step.arguments, signal);
  const mark = await ownMark(database, input);
  return toEnd({ ...outcome, text: [...(mark === null ? [] : [mark]), outcome.text, ...problems].join('\n') });
}

/** The end of a step that a tool has brought about. */
export function toEnd({ text, isError, exitCode, output, truncated, shown: toShow = [] }: ToolOutcome): Ending {
  const tokens = estimateTokens(text) + toShow.reduce((sum, each) => sum + each.tokens, 0);
  return { state: isError ? 'failed' : 'done', exitCode, truncated, output, text, tokens, toShow };
}

const MOST_DOING = 80;

/** What a call does, as the model says it, or else as its arguments tell. It is shown while the call runs. Null: nobody knows. */
function doingOf(tool: string, given: unknown): string | null {
  const said = (given as { doing?: unknown } | null)?.doing;
  const doing = typeof said === 'string' && said.trim() !== '' ? said : whatItDoes(tool, given);
  return doing === null ? null : wordsOfOthers(doing, MOST_DOING);
}
