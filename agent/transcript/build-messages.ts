import type { AnswerBlock, SummaryContent, ToolContent, ToolUseBlock } from '../../contracts/conversation.ts';
import type { TranscriptRow } from '../../store/transcript.ts';
import type { ModelMessage, ToolResultBlock, UserBlock } from '../model/model.ts';
import { UNKNOWN_OUTCOME } from './outcomes.ts';
import { namesOf } from './participants.ts';
import { notesOf } from './repetition.ts';
import type { ShowFile } from './shown-files.ts';
import { beginsTurn, turnMark } from './turn-mark.ts';
import { disarm, userText } from './user-text.ts';

/**
 * The messages of a model call, from transcript rows as `readTranscript` gives them.
 *
 * Whatever the rows hold, the result keeps what every provider demands: it begins and ends with a user message,
 * roles alternate, and each tool call is followed at once by its result. A result that is missing is made up as "outcome
 * unknown", and one without its call is left out.
 */
export function buildMessages(rows: readonly TranscriptRow[], show: ShowFile = () => []): ModelMessage[] {
  const results = resultsByCall(rows);
  const notes = notesOf(rows);
  const messages: Draft[] = [];
  const begun = begunBefore(rows);
  const marked = new Set(begun);
  for (const [at, row] of rows.entries()) {
    if (row.role === 'tool') continue;
    if (row.role === 'assistant' && row.content.by === 'bellhop') {
      add(messages, 'user', lookedAt(row, results, show));
    } else if (row.role === 'assistant') {
      add(messages, 'assistant', sendable(row.content.blocks));
      const calls = row.content.blocks.filter((block) => block.type === 'tool_use');
      add(
        messages,
        'user',
        calls.map((call) => {
          const key = keyOf(row.turn, call.id);
          return noted(resultOf(call, results.get(key), show), notes.get(key));
        }),
      );
    } else {
      if (beginsTurn(row, marked)) {
        marked.add(row.turn);
        add(messages, 'user', [{ type: 'text', text: turnMark(row, rows.slice(0, at)) }]);
      }
      add(messages, 'user', [
        { type: 'text', text: row.role === 'summary' ? summaryText(row.content) : userText(row) },
      ]);
      const kept = row.role === 'summary' ? row.content.begun : undefined;
      if (kept && begun.includes(kept.turn)) add(messages, 'user', [{ type: 'text', text: kept.mark }]);
    }
  }
  // Providers take a last assistant message for the beginning of their answer, or refuse it.
  if (messages.at(-1)?.role === 'assistant') add(messages, 'user', [{ type: 'text', text: isCut(rows) ? CUT : GO_ON }]);
  if (messages[0]?.role === 'assistant') messages.unshift({ role: 'user', content: [{ type: 'text', text: EARLIER }] });
  return messages as ModelMessage[];
}

/**
 * A summary inside a turn takes the turn's beginning with it, and keeps the mark. What a person says after that is not where the turn began, so no
 * mark is made of it, which would name them as the one who asks.
 */
function begunBefore([summary, left]: readonly TranscriptRow[]): number[] {
  const inside = summary?.role === 'summary' && (left?.role === 'assistant' || left?.role === 'tool');
  return inside ? [left.turn] : [];
}

interface Draft {
  readonly role: 'user' | 'assistant';
  readonly content: (UserBlock | AnswerBlock)[];
}

const GO_ON = '(Nothing new was said. Go on if there is more to do.)';
const CUT =
  '(Your answer was cut at its length limit. Go on exactly where it stopped, without repeating anything and without a word about this.)';
const EARLIER = '(What was said before is not kept.)';

function isCut(rows: readonly TranscriptRow[]): boolean {
  const last = rows.findLast(({ role }) => role === 'assistant');
  return last?.role === 'assistant' && last.content.stopReason === 'length';
}

function add(messages: Draft[], role: Draft['role'], blocks: readonly (UserBlock | AnswerBlock)[]): void {
  if (blocks.length === 0) return;
  const last = messages.at(-1);
  if (last?.role === role) last.content.push(...blocks);
  else messages.push({ role, content: [...blocks] });
}

/** An answer of nothing but white space would be refused in a conversation, and leaving it out would join two others. */
function sendable(blocks: readonly AnswerBlock[]): readonly AnswerBlock[] {
  const full = blocks.filter((block) => block.type !== 'text' || block.text.trim() !== '');
  return full.some((block) => block.type !== 'provider') ? full : [...full, { type: 'text', text: '(no answer)' }];
}

function resultsByCall(rows: readonly TranscriptRow[]): Map<string, ToolContent> {
  const results = new Map<string, ToolContent>();
  for (const row of rows) if (row.role === 'tool') results.set(keyOf(row.turn, row.content.call), row.content);
  return results;
}

function keyOf(turn: number, call: string): string {
  return `${turn}/${call}`;
}

/** A result with what the model is told beside it. */
function noted(result: ToolResultBlock, note: string | undefined): ToolResultBlock {
  return note === undefined ? result : { ...result, text: `${result.text}\n\n${note}` };
}

function resultOf(call: ToolUseBlock, result: ToolContent | undefined, show: ShowFile): ToolResultBlock {
  const shown = (result?.shown ?? []).flatMap(show);
  const pictures = shown.filter((each) => typeof each !== 'string');
  const text = result?.text.trim() ? result.text : result ? '(no output)' : UNKNOWN_OUTCOME;
  return {
    type: 'tool_result',
    id: call.id,
    text: [text, ...shown.filter((each) => typeof each === 'string')].join('\n'),
    isError: result?.isError ?? true,
    ...(pictures.length > 0 && { pictures }),
  };
}

/** What people attached and Bellhop itself has looked at stands beside their messages: no model has asked for it. */
function lookedAt(
  { turn, content }: Extract<TranscriptRow, { role: 'assistant' }>,
  results: ReadonlyMap<string, ToolContent>,
  show: ShowFile,
): UserBlock[] {
  const calls = content.blocks.filter((block) => block.type === 'tool_use');
  return calls.flatMap((call): UserBlock[] => {
    const { text, pictures = [] } = resultOf(call, results.get(keyOf(turn, call.id)), show);
    return [{ type: 'text', text: `<attached>\n${disarm(text)}\n</attached>` }, ...pictures];
  });
}

function summaryText({ text, people = [] }: SummaryContent): string {
  const who = people.length > 0 ? `\n\nWho has written so far: ${disarm(namesOf(people))}.` : '';
  return `<summary>\n${disarm(text)}${who}\n</summary>`;
}
