/** Words that the gateway answers itself, without the model and without Temporal. */
export type Command = 'stop' | 'status' | 'help';

const WORDS: readonly Command[] = ['stop', 'status', 'help'];

/** Slack's spelling of a mention of one user, with or without the name it shows. */
function mentionOf(user: string): RegExp {
  return new RegExp(`<@${user}(\\|[^>]*)?>`, 'g');
}

/** Whether Slack itself marked the mention; a typed `@name` is none. */
export function mentions(text: string, user: string): boolean {
  return mentionOf(user).test(text);
}

/** The text without any mention of this user, trimmed; other mentions stay. */
export function withoutMention(text: string, user: string): string {
  return text.replace(mentionOf(user), ' ').trim();
}

/**
 * The command a message is, if it is nothing else: `@bellhop stop`, not `@bellhop stop sending me reports`.
 * A message without any words asks for help.
 */
export function commandOf(text: string, botUser: string): Command | null {
  const rest = withoutMention(text, botUser)
    .toLowerCase()
    .replace(/[\s.!]+$/, '');
  if (rest === '') return 'help';
  return WORDS.find((word) => word === rest) ?? null;
}

/** Whether a message tags anybody but us: another person, a user group or a whole channel. */
export function tagsOthers(text: string, botUser: string): boolean {
  return /<@[UWB]|<!(subteam|channel|here|everyone)/.test(withoutMention(text, botUser));
}
