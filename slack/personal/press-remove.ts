import { within } from '../../contracts/within.ts';
import type { Database } from '../../store/database.ts';
import { type Owner, removePersonalConnection } from '../../store/personal-connections.ts';
import type { GrantedCalls } from '../api/paced-calls.ts';
import { notRemovedView } from './personal-views.ts';

export interface RemovalOptions {
  readonly database: Database;
  readonly calls: Pick<GrantedCalls, 'granted'>;
  /** Logs an error with what went wrong. */
  readonly failed: (what: string) => (error: unknown) => void;
  /** @default 2000 */
  readonly withinMs?: number;
}

/** Removes a connection whose button was pressed, and says whether it is gone. A person is told when it is not. */
export type Removal = (owner: Owner, name: string, trigger: unknown) => Promise<boolean>;

/** Slack opens a view within three seconds of the press. What takes longer than this is told as not done. */
const WITHIN_MS = 2_000;

/** A press has no message that could be answered, so what failed is told in a view. */
export function createRemoval({ database, calls, failed, withinMs = WITHIN_MS }: RemovalOptions): Removal {
  return async (owner, name, trigger) => {
    const removing = removePersonalConnection(database, owner, name).then(
      () => true,
      (error: unknown) => {
        failed('a personal connection could not be removed')(error);
        return false;
      },
    );
    if (!(await within(withinMs, removing))?.value) {
      // The rate limits are kept in the database that does not answer. Therefore this call is made without asking them.
      const open = { trigger_id: trigger, view: notRemovedView(name) };
      await calls.granted('views.open').call('views.open', open).catch(failed('a failed removal could not be told'));
    }
    return await removing;
  };
}
