import type { Queryable } from '../../store/database.ts';
import { findPerson } from '../../store/people.ts';
import type { SlackIdentity } from '../api/identity.ts';

/** What the names of people in a message are looked up in; null where a name is not known. */
export type NameOf = (user: string) => string | null;

const TOKEN = /<([^<>\n]+)>/g;

/**
 * A message as a person reads it. Slack sends `&`, `<` and `>` as entities, and puts mentions, channels and links
 * between `<` and `>` (docs.slack.dev, "Formatting message text").
 */
export function plainText(text: string, nameOf: NameOf): string {
  return text
    .replace(TOKEN, (_, token: string) => readable(token, nameOf))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function readable(token: string, nameOf: NameOf): string {
  const bar = token.indexOf('|');
  const target = bar < 0 ? token : token.slice(0, bar);
  const label = bar < 0 ? null : token.slice(bar + 1);
  if (target.startsWith('@')) return `@${nameOf(target.slice(1)) ?? label ?? target.slice(1)}`;
  if (target.startsWith('#')) return `#${label || target.slice(1)}`;
  if (target.startsWith('!')) return label ?? `@${target.slice(1)}`;
  if (label === null) return target.replace(/^mailto:/, '');
  return isSameAddress(target, label) ? label : `${label} (${target})`;
}

/** Slack links `example.com` to `http://example.com`; that is still what the person wrote. */
function isSameAddress(target: string, label: string): boolean {
  const bare = target.replace(/^(https?:\/\/|mailto:)/, '').replace(/\/$/, '');
  return label === target || label.replace(/\/$/, '') === bare;
}

/** What the agent reads of a message: plain text, without the mention it begins with, people by the names we know. */
export async function readableText(db: Queryable, identity: SlackIdentity, text: string): Promise<string> {
  const mention = new RegExp(`^\\s*<@${identity.botUser}(\\|[^<>]*)?>[ \\t]*:?[ \\t]*`);
  const body = text.replace(mention, '');
  const names = new Map<string, string>([[identity.botUser, identity.botName]]);
  for (const [, user] of body.matchAll(/<@([A-Z0-9]+)(?:\|[^<>]*)?>/g)) {
    if (!user || names.has(user)) continue;
    const person = await findPerson(db, identity.team, user);
    if (person) names.set(user, person.name);
  }
  return plainText(body, (user) => names.get(user) ?? null).trim();
}
