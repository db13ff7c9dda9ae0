import type { ModelUsage } from '../contracts/conversation.ts';
import { costOf } from '../contracts/cost.ts';
import { threadOf } from '../contracts/ids.ts';
import { ownerOf } from '../contracts/scope.ts';
import { snapshotOf, turnToolsOf } from '../store/access-snapshots.ts';
import { findChannel } from '../store/channels.ts';
import type { Database } from '../store/database.ts';
import { recordUsage } from '../store/model-usage.ts';
import { personalSettingsOf } from '../store/personal-settings.ts';
import { getSession } from '../store/sessions.ts';
import type { StepRef } from '../store/steps.ts';
import { appendTranscript, newestSummary, type TranscriptRow } from '../store/transcript.ts';
import { inTurn } from '../store/turn-fence.ts';
import { ModelError } from './errors.ts';
import type { Model } from './model/model.ts';
import type { NamedModels } from './model/named-models.ts';
import { systemPrompt, threadPrompt } from './prompt.ts';
import { estimateTokens } from './tokens.ts';
import type { ToolRegistry } from './tools/registry.ts';
import { contextSize } from './transcript/context-size.ts';
import { cutIndex, SUMMARISE_AT, summarise } from './transcript/summarise.ts';
import type { TranscriptCache } from './transcript/transcript-cache.ts';

export interface PromptSettings {
  /** What people call the agent. */
  readonly name: string;
}

export interface ContextDependencies {
  readonly database: Database;
  /** The one that answers where the access file names none. */
  readonly model: Model;
  /** Those of the access file. @default none */
  readonly models?: NamedModels;
  readonly tools: ToolRegistry;
  readonly prompt: PromptSettings;
  readonly transcripts: TranscriptCache;
}

export interface LoadedContext {
  readonly system: string;
  /** What stands behind the system prompt and belongs to this thread. */
  readonly thread: string;
  readonly rows: readonly TranscriptRow[];
}

/**
 * System prompt and rows of the next model call. When they fill the model's window by more than 70 %, or `full` says
 * that they did not fit, older rows are summarised first and the summary is stored.
 */
export async function loadContext(
  deps: ContextDependencies,
  input: StepRef & { readonly signal: AbortSignal },
  full: boolean,
  summarising: () => void,
): Promise<LoadedContext> {
  const { database, model, tools, transcripts } = deps;
  const [{ system, thread }, rows] = await Promise.all([
    promptOf(deps, input),
    transcripts.read(database, input.session),
  ]);
  const fixed = estimateTokens(system + thread) + estimateTokens(JSON.stringify(tools.specs));
  if (!full && contextSize(rows, fixed) <= SUMMARISE_AT * model.contextTokens) return { system, thread, rows };
  const cut = cutIndex(rows, input.turn, model.contextTokens);
  if (cut === null) return { system, thread, rows };
  summarising();
  await replaceBySummary(deps, input, rows, cut);
  return { system, thread, rows: await transcripts.read(database, input.session) };
}

/** Of two attempts that summarise at once, one stores its summary. */
async function replaceBySummary(
  deps: ContextDependencies,
  { session, turn, step, signal }: StepRef & { readonly signal: AbortSignal },
  rows: readonly TranscriptRow[],
  cut: number,
): Promise<void> {
  const { database } = deps;
  const before = rows[0]?.role === 'summary' ? rows[0].seq : null;
  const summary = await summaryOf(deps, rows.slice(0, cut), signal);
  if (!summary) return;
  const { content, usage, model, cost } = summary;
  await inTurn(database, { session, turn }, async (db) => {
    if ((await newestSummary(db, session)) !== before) return;
    await appendTranscript(db, session, [{ turn, role: 'summary', content, tokens: usage.outputTokens }]);
    await recordUsage(db, { session, turn, step, model, ...usage, cost });
  });
}

/** By the model that is named for summaries. When that one cannot, the turn's own does it. */
async function summaryOf({ model, models }: ContextDependencies, rows: readonly TranscriptRow[], signal: AbortSignal) {
  let named: Model | null = null;
  try {
    named = (await models?.forSummaries()) ?? null;
    const made = named && (await summarise(named, rows, signal));
    if (named) return made && withCost(made, named);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    if (named) models?.noteAway(named, error);
  }
  const made = await summarise(model, rows, signal);
  return made && withCost(made, model);
}

function withCost<T extends { readonly usage: ModelUsage }>(made: T, { name, price }: Model) {
  return { ...made, model: name, cost: price ? costOf(made.usage, price) : null };
}

async function promptOf(
  { database, prompt }: ContextDependencies,
  { session, turn }: StepRef,
): Promise<Pick<LoadedContext, 'system' | 'thread'>> {
  const { team, channel: id } = threadOf(session);
  const [known, access, place, servers] = await Promise.all([
    getSession(database, session),
    snapshotOf(database, session, turn),
    findChannel(database, team, id),
    turnToolsOf(database, session, turn),
  ]);
  const { permalink, scope } = known;
  // Outsiders may have come into the channel since the thread began. Its fixed instructions may not be for their eyes, so those that hold now are used.
  const isNarrowed = access?.outsiders !== undefined && access.outsiders.rule !== 'allow';
  const instructions = isNarrowed ? access.instructions : known.instructions;
  const owner = ownerOf(scope);
  // They are read for each call and kept nowhere else. So what a person changes or removes counts from the next call on.
  const own = owner ? (await personalSettingsOf(database, owner)).instructions : '';
  return {
    system: systemPrompt({ name: prompt.name, place, access, instructions, own, servers }),
    thread: threadPrompt(permalink),
  };
}
