import type { Participant } from '../../contracts/conversation.ts';
import type { TranscriptRow } from '../../store/transcript.ts';
import { wordsOfOthers } from '../words-of-others.ts';

const MOST_NAME = 80;

/** Who has written in a thread. Who spoke last stands at the end. A summary keeps the names of those who wrote before it. */
export function participantsIn(rows: readonly TranscriptRow[]): Participant[] {
  const people = new Map<string, Participant>();
  for (const row of rows) {
    if (row.role === 'summary') for (const each of row.content.people ?? []) people.set(each.id, each);
    if (row.role !== 'user' || row.content.kind !== 'message') continue;
    people.delete(row.author);
    people.set(row.author, { id: row.author, name: row.content.name ?? row.author, authorClass: row.authorClass });
  }
  return [...people.values()];
}

/** `Ana (U1, member), Gia (U2, guest)`. They choose their names themselves. */
export function namesOf(people: readonly Participant[]): string {
  return people
    .map(
      ({ id, name, authorClass }) =>
        `${wordsOfOthers(name, MOST_NAME)} (${wordsOfOthers(id, MOST_NAME)}, ${authorClass})`,
    )
    .join(', ');
}
