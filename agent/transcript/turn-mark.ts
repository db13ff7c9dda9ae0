import type { TranscriptRow } from '../../store/transcript.ts';
import { wordsOfOthers } from '../words-of-others.ts';
import { namesOf, participantsIn } from './participants.ts';

type UserRow = Extract<TranscriptRow, { role: 'user' }>;

const MOST_NAME = 80;
const MOST_TITLE = 120;
const MOST_OTHERS = 20;

/**
 * What the model is told at the beginning of a turn: date, time and zone, who asks, and who else has written in the thread. It is made of
 * the first message for the agent that the turn has read and of the rows before it, and stands there in every later request too. Nothing of it is in the system prompt, because
 * what changes there makes every vendor read the whole conversation anew.
 */
export function turnMark({ turn, author, content, at }: UserRow, before: readonly TranscriptRow[]): string {
  const zone = content.zone && isZone(content.zone) ? content.zone : null;
  const others = participantsIn(before).filter(({ id, authorClass }) => id !== author && authorClass !== 'bot');
  const more = others.length > MOST_OTHERS ? ` and ${others.length - MOST_OTHERS} more` : '';
  const attributes: [string, string][] = [
    ['number', String(turn)],
    ['now', momentIn(at, zone ?? 'UTC')],
    ...(zone === null ? [] : [['utc', momentIn(at, 'UTC')] as [string, string]]),
    ['requester', wordsOfOthers(content.name ?? author, MOST_NAME)],
    ['id', wordsOfOthers(author, MOST_NAME)],
    ...(content.title ? [['title', wordsOfOthers(content.title, MOST_TITLE)] as [string, string]] : []),
    ...(others.length > 0 ? [['others', `${namesOf(others.slice(-MOST_OTHERS))}${more}`] as [string, string]] : []),
  ];
  return `<turn ${attributes.map(([name, value]) => `${name}="${value}"`).join(' ')} />`;
}

/** Whether a row is the first message for the agent in its turn. */
export function beginsTurn(row: TranscriptRow, marked: ReadonlySet<number>): row is UserRow {
  return row.role === 'user' && row.content.kind !== 'stop' && !row.content.context && !marked.has(row.turn);
}

/** `Monday, 2026-11-30 09:03 (Europe/Berlin)`. Models count days of the week badly, so it stands there. */
function momentIn(at: Date, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    ...{ weekday: 'long', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
  });
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${part.weekday}, ${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute} (${timeZone})`;
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}
