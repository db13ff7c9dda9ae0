import type { AssistantContent } from '../contracts/conversation.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from '../store/database.ts';
import { assistantsOf } from '../store/transcript.ts';
import { isSilence } from './silence.ts';

/**
 * What the thread is told at the end of a turn, as Markdown. A turn has several answers when somebody added to it after
 * the first one; they are joined. One that was cut at its length goes on with the next one. A turn whose answers are empty
 * gives the last thing that the model said beside its work, or null when it said nothing. Empty when the model has chosen to
 * say nothing, and has done nothing either: who asked for work is not left without an answer.
 */
export async function finalText(db: Queryable, session: SessionId, turn: number): Promise<string | null> {
  // What Bellhop itself has looked at is no answer, and no work that anybody has asked for.
  const rows = (await assistantsOf(db, session, turn)).filter(({ by }) => by !== 'bellhop');
  const answers = rows.filter(isAnswer).reduce<AssistantContent[]>(joined, []).map(answerText).filter(Boolean);
  const said = answers.filter((answer) => !isSilence(answer));
  if (said.length > 0) return said.join('\n\n');
  if (answers.length > 0 && rows.every(isAnswer)) return '';
  return rows.map(({ blocks }) => textOf(blocks)).findLast((text) => text !== '' && !isSilence(text)) ?? null;
}

/** Adds an answer to those before, or to the end of the last one when that was cut. */
function joined(before: AssistantContent[], next: AssistantContent): AssistantContent[] {
  const last = before.at(-1);
  if (last?.stopReason !== 'length') return [...before, next];
  return [...before.slice(0, -1), { ...next, blocks: [...last.blocks, ...next.blocks] }];
}

function isAnswer({ blocks, stopReason }: AssistantContent): boolean {
  return stopReason === 'refused' || !blocks.some((block) => block.type === 'tool_use');
}

function answerText({ blocks, stopReason }: AssistantContent): string {
  const text = textOf(blocks);
  if (stopReason === 'refused') return `${text}\n\nThe model declines to go on with this.`.trim();
  if (stopReason === 'length' || stopReason === 'window')
    return `${text}\n\n(This answer was cut at its length limit.)`;
  return text;
}

function textOf(blocks: AssistantContent['blocks']): string {
  return blocks
    .map((block) => (block.type === 'text' ? block.text : ''))
    .join('')
    .trim();
}
