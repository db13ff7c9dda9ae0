import { withoutMention } from '../receiving/commands.ts';

/** What a person says in their direct message about connections of their own. */
export type PersonalCommand =
  | { readonly verb: 'connections' }
  | { readonly verb: 'connect' | 'disconnect' | 'test'; readonly name: string };

/** No command is longer. The expressions below are slow on long texts, and anybody may write one. */
const LONGEST_COMMAND = 200;

const CONNECTIONS = /^(?:my )?connections$/;
const ONE = /^(connect|renew|disconnect|test) ([a-z0-9-]{1,64})$/;

/**
 * The command that a message is, if it is nothing else: `connect github`, not `connect github to the build`.
 * To renew is to connect once more.
 */
export function personalCommandOf(text: string, botUser: string): PersonalCommand | null {
  const words = commandWords(text, botUser);
  if (words === null) return null;
  if (CONNECTIONS.test(words)) return { verb: 'connections' };
  const [, verb, name] = ONE.exec(words) ?? [];
  if (verb === undefined || name === undefined) return null;
  return { verb: verb === 'disconnect' || verb === 'test' ? verb : 'connect', name };
}

/** The words of a message that may be a command: small letters, single spaces, nothing at the end. Null for a text that is too long. */
export function commandWords(text: string, botUser: string): string | null {
  const said = withoutMention(text, botUser);
  if (said.length > LONGEST_COMMAND) return null;
  return said
    .toLowerCase()
    .replace(/[\s.!]+$/, '')
    .replace(/\s+/g, ' ');
}
