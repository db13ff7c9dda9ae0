import { isDeepStrictEqual } from 'node:util';
import type { ToolContent, ToolUseBlock } from '../../contracts/conversation.ts';
import type { TranscriptRow } from '../../store/transcript.ts';
import { wordsOfOthers } from '../words-of-others.ts';

/** The calls of one answer that belong to a repetition. */
export type RepeatedCall = Pick<ToolUseBlock, 'name' | 'input'>;

/** The same calls with the same results, again and again, with nothing said by anybody between them. */
export interface Repetition {
  readonly times: number;
  /** The calls of one time: of one answer, or of two that take turns. */
  readonly calls: readonly RepeatedCall[];
  /** Whether each of the last times was so quick that it waited for nothing. */
  readonly isQuick: boolean;
}

/** From this repetition on the model is told. */
const TOLD_AT = 3;
/** After this many times a turn ends. The model has been told three times by then. */
export const ENDED_AT = 6;
/** What takes longer than this may wait for something, such as a build elsewhere: it ends no turn, whose steps and minutes bound it. */
const WAITS_MS = 2_000;
const MOST_SHOWN = 5;
const MOST_LETTERS = 120;
/** A, A, A and A, B, A, B. */
const LONGEST_CYCLE = 2;

/** One answer of the model that calls tools. */
interface Round {
  readonly turn: number;
  readonly at: Date;
  /** At least one. */
  readonly calls: readonly ToolUseBlock[];
}

/** What a call came to, and when. Undefined: there is no result. */
type FindResult = (turn: number, call: string) => { readonly result: ToolContent; readonly at: Date } | undefined;

/**
 * The repetition in which a turn has come to a standstill, or null. It follows from the rows alone, so every attempt and the end of the
 * turn find the same one.
 *
 * @example
 * const stuck = standstillOf(rows, turn); // { times: 6, calls: [{ name: 'bash', input: { command: 'npm test' } }], isQuick: true }
 */
export function standstillOf(rows: readonly TranscriptRow[], turn: number): Repetition | null {
  const end = endOf(rows);
  const rounds = stretchesOf(end).at(-1) ?? [];
  const found = rounds.at(-1)?.turn === turn ? repetitionAt(rounds, rounds.length - 1, resultsOf(end)) : null;
  return found && found.times >= ENDED_AT && found.isQuick ? found : null;
}

/** What was repeated, in words for people, as Markdown. Arguments are the model's words. */
export function repeatedText({ times, calls }: Repetition): string {
  const shown = calls.slice(0, MOST_SHOWN).map(({ name, input }) => `- ${code(name)}: ${code(argumentOf(input))}`);
  const others = calls.length > MOST_SHOWN ? [`- and ${calls.length - MOST_SHOWN} more`] : [];
  return [`This came to the same result ${times} times in a row:`, ...shown, ...others].join('\n');
}

function argumentOf(input: unknown): string {
  const telling = tellingOf(input);
  return typeof telling === 'string' ? telling : JSON.stringify(unnamed(input) ?? {});
}

/** The argument by which people tell calls apart, where there is one. */
function tellingOf(input: unknown): unknown {
  const { command, path } = (input ?? {}) as { readonly command?: unknown; readonly path?: unknown };
  const telling = command ?? path;
  return typeof telling === 'string' ? telling : undefined;
}

function code(text: string): string {
  return `\`${wordsOfOthers(text.replaceAll('`', "'"), MOST_LETTERS) || '…'}\``;
}

/** What the model is told of its repetitions, by turn and the call whose result says it. */
export function notesOf(rows: readonly TranscriptRow[]): ReadonlyMap<string, string> {
  const notes = new Map<string, string>();
  const results = resultsOf(rows);
  for (const rounds of stretchesOf(rows)) {
    for (const [at, { turn, calls }] of rounds.entries()) {
      const found = repetitionAt(rounds, at, results);
      if (found && found.times >= TOLD_AT) notes.set(`${turn}/${calls.at(-1)?.id}`, noteOf(found));
    }
  }
  return notes;
}

function noteOf({ times, isQuick }: Repetition): string {
  const said = [
    `You have now done this ${times} times in a row, with the same result each time. To do it again will not change that.`,
    'Find out why, try another way, ask, or say what you have found and what is missing.',
    'If you wait for something, wait longer within one command.',
    ...(isQuick ? [`After ${ENDED_AT} times your work ends here.`] : []),
  ];
  return `(${said.join(' ')})`;
}

/** The last rows, as many as the longest repetition has. A long turn is looked at before each of its steps, so the others are not read. */
function endOf(rows: readonly TranscriptRow[]): readonly TranscriptRow[] {
  let left = LONGEST_CYCLE * (ENDED_AT + 1);
  const from = rows.findLastIndex(({ role }) => role === 'assistant' && --left === 0);
  return rows.slice(Math.max(0, from));
}

/** Answers that follow each other within a turn. What anybody says begins a new stretch, because then the same call may make sense again. */
function stretchesOf(rows: readonly TranscriptRow[]): readonly Round[][] {
  let open: Round[] = [];
  const stretches = [open];
  const begin = (): void => {
    open = [];
    stretches.push(open);
  };
  for (const row of rows) {
    if (row.role === 'tool') continue;
    const calls = row.role === 'assistant' ? row.content.blocks.filter((block) => block.type === 'tool_use') : [];
    if (row.role !== 'assistant' || row.content.by !== undefined || calls.length === 0) {
      begin();
      continue;
    }
    const { turn, at } = row;
    if (open.length > 0 && open.at(-1)?.turn !== turn) begin();
    open.push({ turn, at, calls });
  }
  return stretches;
}

/** Results are sorted at the first question. A long turn is looked at before each of its steps, and most turns repeat nothing. */
function resultsOf(rows: readonly TranscriptRow[]): FindResult {
  let sorted: Map<string, { result: ToolContent; at: Date }> | null = null;
  return (turn, call) => {
    sorted ??= new Map(
      rows.flatMap((row) =>
        row.role === 'tool' ? [[`${row.turn}/${row.content.call}`, { result: row.content, at: row.at }]] : [],
      ),
    );
    return sorted.get(`${turn}/${call}`);
  };
}

/** From the answer to the last of its results. */
function millisecondsOf({ turn, at, calls }: Round, results: FindResult): number {
  return Math.max(...calls.map(({ id }) => results(turn, id)?.at.getTime() ?? 0)) - at.getTime();
}

/** The shortest cycle that ends with the round `at`. */
function repetitionAt(rounds: readonly Round[], at: number, results: FindResult): Repetition | null {
  for (let length = 1; length <= LONGEST_CYCLE; length += 1) {
    let same = 0;
    while (same < length * ENDED_AT && isSame(rounds[at - same], rounds[at - same - length], results)) same += 1;
    const times = Math.floor(same / length) + 1;
    if (times < 2) continue;
    const cycle = rounds.slice(at - length + 1, at + 1);
    // The first time may have waited for its sandbox.
    const covered = rounds.slice(at - Math.min(times, ENDED_AT) * length + 1, at + 1);
    const calls = cycle.flatMap((round) => round.calls.map(({ name, input }) => ({ name, input })));
    return { times, calls, isQuick: covered.every((each) => millisecondsOf(each, results) <= WAITS_MS) };
  }
  return null;
}

function isSame(one: Round | undefined, other: Round | undefined, results: FindResult): boolean {
  if (!one || !other || one.calls.length !== other.calls.length) return false;
  return one.calls.every(({ id, name, input }, index) => {
    const twin = other.calls[index];
    if (twin?.name !== name) return false;
    // A long turn has thousands of calls, and most differ in what tells them apart.
    if (tellingOf(twin.input) !== tellingOf(input)) return false;
    if (!isDeepStrictEqual(unnamed(twin.input), unnamed(input))) return false;
    const [result, before] = [results(one.turn, id)?.result, results(other.turn, twin.id)?.result];
    return result !== undefined && before !== undefined && said(before) === said(result);
  });
}

/** What makes two results the same. How long a command took stands in its first line, and is no part of it. A picture has a new id each time. */
function said({ text, shown = [] }: ToolContent): string {
  const pictures = shown.map(({ type, label, bytes }) => [type, label, bytes]);
  return JSON.stringify([text.replace(/^([^\n]*) · \d+\.\d s(?=\n)/, '$1'), pictures]);
}

/** What the model says that a call does, for people, changes nothing of the call. */
function unnamed(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || !('doing' in input)) return input;
  const { doing: _, ...rest } = input;
  return rest;
}
