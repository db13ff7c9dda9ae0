/** Words that the gateway answers itself, without the model and without Temporal. */
export type Command = 'stop' | 'status' | 'help';

const WORDS: Readonly<Record<string, Command>> = {
  stop: 'stop',
  'stop it': 'stop',
  status: 'status',
  help: 'help',
  'help me': 'help',
};

/** No command is longer than this. */
const LONGEST = 100;

/** Slack's spelling of a mention of one user, with or without the name it shows. */
function mentionOf(user: string): RegExp {
  return new RegExp(`<@${user}(\\|[^<>]*)?>`, 'g');
}

/** Whether Slack itself marked a mention of this user; a typed `@name` is none. */
export function mentions(text: string, user: string): boolean {
  return mentionOf(user).test(text);
}

/** The text without any mention of this user, trimmed; other mentions stay. */
export function withoutMention(text: string, user: string): string {
  return text.replace(mentionOf(user), ' ').trim();
}

/**
 * The command a message is, if it is nothing else: `@bellhop stop` and `Stop, please!`, not `@bellhop stop sending me reports`.
 * A message without any words asks for help.
 */
export function commandOf(text: string, botUser: string): Command | null {
  const said = withoutMention(text, botUser);
  // The patterns below take long on a long text, and everybody's messages come here.
  if (said.length > LONGEST) return null;
  const rest = said
    .toLowerCase()
    .replace(/[.!?,]+(?=\s|$)/g, ' ')
    .replace(/^\s*please\s|\s(please|now)\s*$/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (rest === '') return 'help';
  return Object.hasOwn(WORDS, rest) ? (WORDS[rest] ?? null) : null;
}

/** Whether a message tags anybody but us: another person, a user group or a whole channel. */
export function tagsOthers(text: string, botUser: string): boolean {
  return /<@[UWB]|<!(subteam|channel|here|everyone)/.test(withoutMention(text, botUser));
}
