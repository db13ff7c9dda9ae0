import type { Changes } from '../changes.ts';
import type { FileStore } from '../files/file-store.ts';
import type { Conversations } from '../operations/conversations.ts';
import type { Messages } from '../operations/messages.ts';
import type { FileShapes } from '../shapes/file.ts';
import type { MessageShapes } from '../shapes/message.ts';
import type { World } from '../world/world.ts';
import type { Arguments } from './arguments.ts';

/** One method of the Web API. Refusals are thrown as `SlackError`; the result gets its `ok: true` from the router. */
export interface Method {
  /** The scopes the token needs, which may follow from the arguments; null when any bot token will do. */
  readonly scope: string | null | ((args: Arguments) => readonly string[]);
  readonly token: 'bot' | 'app';
  handle(args: Arguments): Readonly<Record<string, unknown>>;
}

export type Methods = Readonly<Record<string, Method>>;

/** What the methods work on. */
export interface MethodDependencies {
  readonly world: World;
  readonly changes: Changes;
  readonly messages: Messages;
  readonly conversations: Conversations;
  readonly messageShapes: MessageShapes;
  readonly fileShapes: FileShapes;
  readonly files: FileStore;
  readonly baseUrl: () => string;
}
