import type { Queryable } from '../../store/database.ts';
import { findPerson } from '../../store/people.ts';
import type { SlackIdentity } from '../api/identity.ts';
import { plainText } from './plain-text.ts';

/** What the agent reads of a message: plain text, without the mention it begins with, people by the names we know. */
export async function readableText(db: Queryable, identity: SlackIdentity, text: string): Promise<string> {
  const mention = new RegExp(`^\\s*<@${identity.botUser}(\\|[^>]*)?>[ \\t]*:?[ \\t]*`);
  const body = text.replace(mention, '');
  const names = new Map<string, string>([[identity.botUser, identity.botName]]);
  for (const [, user] of body.matchAll(/<@([A-Z0-9]+)(?:\|[^>]*)?>/g)) {
    if (!user || names.has(user)) continue;
    const person = await findPerson(db, identity.team, user);
    if (person) names.set(user, person.name);
  }
  return plainText(body, (user) => names.get(user) ?? null).trim();
}
