/** Words that the gateway answers itself, without the model and without Temporal. */
export const COMMANDS = [
  'help',
  'status',
  'stop',
  'mute',
  'unmute',
  'restart',
  'schedules',
  'access',
  'forget',
] as const;
export type Command = (typeof COMMANDS)[number];

const WORDS: ReadonlyMap<string, Command> = new Map([
  ...COMMANDS.map((command) => [command, command] as const),
  ['stop it', 'stop'],
  ['help me', 'help'],
]);

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
 * The command a message is, if it is nothing else: `@bellhop stop` and `Stop, please!`, not `@bellhop stop sending me reports`. A `!` may stand
 * before it; what begins with `!` and is no command is `unknown`. A message without any words asks for help.
 */
export function commandOf(text: string, botUser: string): Command | 'unknown' | null {
  const words = commandWords(text, botUser);
  if (words === '') return 'help';
  const word = words?.replace(/^! ?/, '') ?? '';
  return WORDS.get(word) ?? (isMarked(text, botUser) ? 'unknown' : null);
}

/** Whether a message begins with `!` and a word, as commands do. */
export function isMarked(text: string, botUser: string): boolean {
  return /^! ?[a-z]/.test(commandWords(text, botUser) ?? '');
}

/** In small letters, without marks at the end of words, and without polite ones. Null for a text that is too long for a command. */
function commandWords(text: string, botUser: string): string | null {
  const said = withoutMention(text, botUser);
  // The patterns below take long on a long text, and everybody's messages come here.
  if (said.length > LONGEST) return null;
  return said
    .toLowerCase()
    .replace(/[.!?,]+(?=\s|$)/g, ' ')
    .replace(/^\s*please\s|\s(please|now)\s*$/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Slack's ids of the people whom a message tags, but us. */
export function taggedPeople(text: string, botUser: string): string[] {
  const tagged = [...withoutMention(text, botUser).matchAll(/<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>/g)];
  return [...new Set(tagged.flatMap(([, user]) => (user ? [user] : [])))];
}

/** Whether a message tags anybody but us: another person, a user group or a whole channel. */
export function tagsOthers(text: string, botUser: string): boolean {
  return /<@[UWB]|<!(subteam|channel|here|everyone)/.test(withoutMention(text, botUser));
}
