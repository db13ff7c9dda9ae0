import { readPacket } from './pkt-line.ts';

/** One line of a push: what a ref is to be changed from and to. Ids are hexadecimal, in lower case. */
export interface PushCommand {
  readonly from: string;
  readonly to: string;
  readonly ref: string;
}

/** The beginning of a request to `git-receive-pack` (gitprotocol-pack, "Reference Update Request and Packfile Transfer"). */
export interface PushRequest {
  /** Empty for the probe that git sends before a large push. */
  readonly commands: readonly PushCommand[];
  readonly capabilities: ReadonlySet<string>;
  /** Whether the commands stand in a signed certificate. They are not read then. */
  readonly isSigned: boolean;
  /** Where the pack begins, if there is one. */
  readonly packAt: number;
}

export type ParsedPush =
  | { readonly state: 'parsed'; readonly push: PushRequest }
  | { readonly state: 'incomplete' }
  /** `reason` is the end of a sentence. */
  | { readonly state: 'malformed'; readonly reason: string };

/** The commands must end within this. It is enough for about two thousand refs. */
export const MAX_COMMAND_BYTES = 256 * 1024;

const COMMAND = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (.+)$/s;
/** git ends a capability at any white space. Other programs may read on behind a second NUL. */
const WORD_END = /[\s\0]+/;
const SHALLOW = /^shallow (?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * Reads the commands of a push, as git's own `receive-pack` does: capabilities may follow a NUL on any line. Whatever
 * git might read in another way is malformed here.
 *
 * @param bytes the body so far, from its first byte
 */
export function parsePush(bytes: Buffer): ParsedPush {
  const commands: PushCommand[] = [];
  const capabilities = new Set<string>();
  let offset = 0;
  for (;;) {
    const read = readPacket(bytes, offset);
    if (read === 'malformed') return { state: 'malformed', reason: 'has a line that git does not know' };
    if (read === 'incomplete') {
      if (bytes.length - offset < MAX_COMMAND_BYTES && offset < MAX_COMMAND_BYTES) return { state: 'incomplete' };
      return { state: 'malformed', reason: 'names too many refs at once' };
    }
    offset = read.next;
    if (offset > MAX_COMMAND_BYTES) return { state: 'malformed', reason: 'names too many refs at once' };
    if (read.kind === 'flush') {
      if (namesRefTwice(commands)) return { state: 'malformed', reason: 'names a ref twice' };
      return { state: 'parsed', push: { commands, capabilities, isSigned: false, packAt: offset } };
    }
    if (read.kind !== 'data') return { state: 'malformed', reason: 'has a mark among its commands' };

    const line = read.payload.toString('latin1').replace(/\n$/, '');
    const nul = line.indexOf('\0');
    const command = nul === -1 ? line : line.slice(0, nul);
    if (nul !== -1)
      for (const word of line
        .slice(nul + 1)
        .split(WORD_END)
        .filter(Boolean))
        capabilities.add(word);
    if (command === 'push-cert') {
      return { state: 'parsed', push: { commands: [], capabilities, isSigned: true, packAt: offset } };
    }
    if (SHALLOW.test(command)) continue;
    const [, from, to, ref] = COMMAND.exec(command) ?? [];
    if (!from || !to || !ref || from.length !== to.length) {
      return { state: 'malformed', reason: 'has a command that cannot be read' };
    }
    commands.push({ from, to, ref: utf8(ref) });
  }
}

/** Refs are UTF-8. */
function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

/**
 * git never names a ref twice, and a server carries out one command after the other. What is shown of a ref would count
 * for both, so a command that moves it forward would let a forced one through.
 */
function namesRefTwice(commands: readonly PushCommand[]): boolean {
  return new Set(commands.map(({ ref }) => ref)).size < commands.length;
}

/** Whether a push has a capability, with or without a value: git takes `push-options=1` for `push-options`. */
export function hasCapability({ capabilities }: PushRequest, name: string): boolean {
  return [...capabilities].some((word) => word === name || word.startsWith(`${name}=`));
}

/** Whether an id stands for "no such ref": the ref is created, or deleted. */
export function isZero(id: string): boolean {
  return /^0+$/.test(id);
}
