import { secretId, slackId } from '../world/ids.ts';
import type { SlackFile } from '../world/types.ts';
import type { World } from '../world/world.ts';
import { contentTypeOf } from './content-types.ts';

export interface NewFile {
  readonly name: string;
  readonly title?: string;
  readonly user: string;
  readonly altText?: string | null;
  readonly idOnly?: boolean;
}

export interface FileStore {
  /** A file whose bytes are still to come, and the secret of its upload address. */
  announce(file: NewFile, size: number): { readonly file: SlackFile; readonly ticket: string };
  /** @returns false when the address is unknown, already used, or the bytes are not as many as announced */
  receive(ticket: string, bytes: Buffer): boolean;
  /** A file with its bytes, as people attach them to a message. */
  add(file: NewFile, bytes: Buffer): SlackFile;
}

/** @param now milliseconds since 1970 */
export function createFileStore(world: World, now: () => number): FileStore {
  const awaited = new Map<string, SlackFile>();

  function create(input: NewFile, size: number, state: SlackFile['state']): SlackFile {
    const file: SlackFile = {
      id: slackId('F'),
      name: input.name,
      title: input.title ?? input.name,
      ...contentTypeOf(input.name),
      size,
      user: input.user,
      created: Math.floor(now() / 1000),
      altText: input.altText ?? null,
      ...(input.idOnly && { idOnly: true }),
      state,
      shares: [],
    };
    world.files.set(file.id, file);
    return file;
  }

  return {
    announce(input, size) {
      const file = create(input, size, 'awaiting-bytes');
      const ticket = secretId();
      awaited.set(ticket, file);
      return { file, ticket };
    },
    receive(ticket, bytes) {
      const file = awaited.get(ticket);
      if (file === undefined || bytes.length !== file.size) return false;
      awaited.delete(ticket);
      world.bytes.set(file.id, bytes);
      file.state = 'uploaded';
      return true;
    },
    add(input, bytes) {
      const file = create(input, bytes.length, 'shared');
      world.bytes.set(file.id, bytes);
      return file;
    },
  };
}
