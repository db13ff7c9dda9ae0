import type { Listen } from '../../access/document.ts';
import type { InboxRow } from '../../store/inbox.ts';
import type { SlackIdentity } from '../api/identity.ts';
import { type Command, commandOf, isMarked } from '../receiving/commands.ts';

/** A command that the gateway answers itself. What ends work (`stop`, `restart`) has a row of its own kind. */
export type OwnCommand = Exclude<Command, 'stop' | 'restart'> | 'unknown';

/** What everybody may ask in a thread that works in another person's name: it is read by no model and changes nothing. */
const HARMLESS: ReadonlySet<OwnCommand> = new Set<OwnCommand>(['help', 'status', 'schedules', 'access', 'unknown']);
/** Words that mean the agent also where only mentions count. */
const ALWAYS: ReadonlySet<OwnCommand> = new Set<OwnCommand>(['mute', 'unmute']);

/** What the gateway answers itself, from PostgreSQL alone; null for everything that is the agent's. */
export function ownCommandOf(identity: SlackIdentity, row: InboxRow): OwnCommand | null {
  if (row.kind !== 'message' || row.files.length > 0) return null;
  const command = commandOf(row.text, identity.botUser);
  if (command === null || command === 'stop' || command === 'restart') return null;
  // A word that people say to each other as well.
  if (command === 'forget' && row.address === 'thread' && !isMarked(row.text, identity.botUser)) return null;
  // A bare mention in a thread says "look at this"; on its own it asks what we are.
  if (command === 'help' && row.threadTs !== row.ts && !/help/i.test(row.text)) return null;
  return command;
}

/** Whether a command counts without a mention in a joined thread where nothing else does. */
export function countsUntagged({ botUser }: SlackIdentity, row: InboxRow, command: OwnCommand): boolean {
  return ALWAYS.has(command) || (command !== 'unknown' && isMarked(row.text, botUser));
}

/**
 * Whether a command without `!` counts in a joined thread although its message is not for the agent by itself. Its answer is read by who
 * wrote it alone, and it changes nothing, so in doubt it is one. It is none where people have chosen that only mentions are heard.
 */
export function countsBare(command: OwnCommand, { listen, isMuted }: { listen: Listen; isMuted: boolean }): boolean {
  return command !== 'unknown' && HARMLESS.has(command) && listen !== 'mentions' && !isMuted;
}

/** Whether anybody may ask for it in a thread that works in another person's name. */
export function isHarmless(command: OwnCommand): boolean {
  return HARMLESS.has(command);
}
