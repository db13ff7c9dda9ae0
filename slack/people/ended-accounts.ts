import type { Queryable } from '../../store/database.ts';
import { hasPersonalConnections, removeConnectionsOfAll } from '../../store/personal-connections.ts';
import { hasPersonalSettings, removeSettingsOfAll } from '../../store/personal-settings.ts';
import { nextCursor } from '../api/fields.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { patiently } from '../api/patiently.ts';
import type { SlackUser } from './directory-shapes.ts';

export interface EndedAccounts {
  /** A connection to Slack begins. What happened before it may have been told to nobody. */
  connected(): void;
  stop(): Promise<void>;
}

export interface EndedAccountsOptions {
  readonly db: Queryable;
  readonly calls: PacedCalls;
  readonly identity: SlackIdentity;
  readonly onError: (error: unknown) => void;
  /** Slack ends connections every few hours; the list is read at most so often. @default an hour */
  readonly everyMs?: number;
  /** How long after a reading that failed the next one begins. @default five minutes */
  readonly retryMs?: number;
}

/** Slack recommends no more. */
const PAGE = 200;
const MAX_PAGES = 500;
const HOUR_MS = 3_600_000;
const RETRY_MS = 5 * 60_000;

/**
 * Removes what accounts had connected and set that were ended while no gateway heard of it. Slack tells the end of an account
 * once, in an event, and no history has it. So the list of people is read when a connection begins, if anybody has
 * connected or set anything. One that begins too early after the last reading has its own as soon as that is due.
 */
export function createEndedAccounts(options: EndedAccountsOptions): EndedAccounts {
  const { db, calls, identity, onError, everyMs = HOUR_MS, retryMs = RETRY_MS } = options;
  const stopping = new AbortController();
  let notBefore = 0;
  let reading: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  async function read(): Promise<void> {
    const { team } = identity;
    if (!(await hasPersonalConnections(db, team)) && !(await hasPersonalSettings(db, team))) return;
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const asked = { limit: PAGE, ...(cursor ? { cursor } : {}) };
      const answer = await patiently(() => calls.call('users.list', asked), stopping.signal);
      const ended = ((answer.members ?? []) as SlackUser[]).flatMap(({ id, deleted }) => (id && deleted ? [id] : []));
      if (ended.length > 0) {
        await removeConnectionsOfAll(db, team, ended);
        await removeSettingsOfAll(db, team, ended);
      }
      cursor = nextCursor(answer);
      if (!cursor) return;
    }
    onError(new Error(`the workspace has more than ${MAX_PAGES * PAGE} people, and the others were not read`));
  }

  function readWhenDue(): void {
    clearTimeout(timer);
    if (stopping.signal.aborted) return;
    const wait = notBefore - performance.now();
    if (wait > 0) {
      timer = setTimeout(readWhenDue, wait).unref();
      return;
    }
    notBefore = performance.now() + everyMs;
    reading = reading.then(read).catch((error: unknown) => {
      if (stopping.signal.aborted) return;
      onError(error);
      notBefore = performance.now() + retryMs;
      readWhenDue();
    });
  }

  return {
    connected: readWhenDue,
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await reading;
    },
  };
}
