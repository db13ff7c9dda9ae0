/** What handles presses of buttons and forms that people send: what each handler is given, and what it gives back. */
import type { Database } from '../../store/database.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { Directory } from '../people/directory.ts';

export interface PressOptions {
  readonly database: Database;
  readonly identity: SlackIdentity;
  readonly directory: Pick<Directory, 'person'>;
  /** Something may be waiting in the outbox now. */
  readonly onAnswer: () => void;
  readonly log: { warn(fields: object, message: string): void };
}

/** How an interaction is acknowledged, and what is done after that. */
export interface Handled {
  /** What Slack is told with the acknowledgement: mistakes in a form. */
  readonly response?: object;
  readonly after?: () => Promise<void>;
}
