import { LRUCache } from 'lru-cache';
import type { OriginView } from '../../../admin/web/egress/egress-item.ts';
import type { EgressEvent } from '../../../contracts/egress.ts';
import type { AcmeReport, Sighting } from './acme-client.ts';

export interface OriginMatch {
  /** By event id. */
  readonly origins: ReadonlyMap<string, OriginView>;
  readonly hits: Readonly<Record<string, number>>;
}

export interface OriginBook {
  match(events: readonly EgressEvent[]): Promise<OriginMatch>;
}

export interface OriginBookOptions {
  /** Null while the outside world is not known; may fail. */
  readonly ask: () => Promise<AcmeReport> | null;
  readonly now: () => number;
}

/** Requests joined to what their destination saw. */
const REMEMBERED = 5_000;
const FRESH_MS = 400;
/** Both processes have the same clock. This allows for the time between sending and receiving. */
const SLACK_MS = 1_500;

/** Finds, for each request, what its destination saw. What the destination has forgotten is remembered here. */
export function createOriginBook({ ask, now }: OriginBookOptions): OriginBook {
  let report: AcmeReport = { seen: [], hits: {} };
  let askedAt = Number.NEGATIVE_INFINITY;
  const found = new LRUCache<string, OriginView>({ max: REMEMBERED });
  const taken = new LRUCache<string, true>({ max: REMEMBERED });

  async function refresh(): Promise<void> {
    if (now() - askedAt < FRESH_MS) return;
    askedAt = now();
    report = (await ask()?.catch(() => null)) ?? report;
  }

  return {
    async match(events) {
      const open = events.filter((event) => event.outcome !== 'blocked' && !found.has(event.id));
      if (events.length > 0) await refresh();
      for (const event of open) {
        const sighting = report.seen.find((each) => !taken.has(each.id) && isSame(event, each));
        if (!sighting) continue;
        taken.set(sighting.id, true);
        found.set(event.id, toView(sighting));
      }
      return { origins: new Map(found.entries()), hits: report.hits };
    },
  };
}

/** The same method, host and path, at a time that lies within the request. */
function isSame(event: EgressEvent, sighting: Sighting): boolean {
  if (event.method !== sighting.method || event.host !== sighting.host || event.path !== sighting.path) return false;
  const began = Date.parse(event.at);
  const seen = Date.parse(sighting.at);
  return seen >= began - SLACK_MS && seen <= began + event.durationMs + SLACK_MS;
}

function toView({ credential, caller }: Sighting): OriginView {
  return { credential: credential?.shown ?? null, fingerprint: credential?.fingerprint ?? null, caller };
}
