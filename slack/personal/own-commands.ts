import { withoutMention } from '../receiving/commands.ts';

/** What a person says in their direct message about connections of their own. */
export type PersonalCommand =
  | { readonly verb: 'connections' }
  | { readonly verb: 'connect' | 'disconnect' | 'test'; readonly name: string };

const CONNECTIONS = /^(?:my )?connections$/;
const ONE = /^(connect|renew|disconnect|test) ([a-z0-9-]{1,64})$/;

/**
 * The command that a message is, if it is nothing else: `connect github`, not `connect github to the build`.
 * To renew is to connect once more.
 */
export function personalCommandOf(text: string, botUser: string): PersonalCommand | null {
  const words = withoutMention(text, botUser)
    .toLowerCase()
    .replace(/[\s.!]+$/, '')
    .replace(/\s+/g, ' ');
  if (CONNECTIONS.test(words)) return { verb: 'connections' };
  const [, verb, name] = ONE.exec(words) ?? [];
  if (verb === undefined || name === undefined) return null;
  return { verb: verb === 'disconnect' || verb === 'test' ? verb : 'connect', name };
}
