import { createHash, randomUUID } from 'node:crypto';

/** One request as its origin saw it. Never a credential, a query value or a body. */
export interface Sighting {
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  readonly method: string;
  readonly host: string;
  /** Without query values: `/v1/x?day=…` is kept as `/v1/x?day`. */
  readonly path: string;
  /** Null when the request carried no `Authorization`. */
  readonly credential: SeenCredential | null;
  readonly status: number;
  /** Whom the origin took the sender for. */
  readonly caller: string | null;
}

export interface SeenCredential {
  /** `Bearer ••••` */
  readonly shown: string;
  /** First 8 hex digits of SHA-256 of the token: enough to recognise it, nothing to use. */
  readonly fingerprint: string;
}

export interface Ledger {
  /** Counts a request when it arrives, so that a request that breaks off counts too. */
  hit(host: string): void;
  record(sighting: Omit<Sighting, 'id' | 'at'>): void;
  /** Oldest first. */
  seen(): readonly Sighting[];
  /** Requests since the start, by host. The numbers go on when old requests are forgotten. */
  hits(): Readonly<Record<string, number>>;
}

export interface LedgerOptions {
  readonly now: () => Date;
  readonly hosts: readonly string[];
  /** @default 500 */
  readonly capacity?: number;
}

/** Keeps the last requests in memory. */
export function createLedger({ now, hosts, capacity = 500 }: LedgerOptions): Ledger {
  const ring: Sighting[] = [];
  const counts = new Map(hosts.map((host) => [host, 0]));
  return {
    hit: (host) => void counts.set(host, (counts.get(host) ?? 0) + 1),
    record(sighting) {
      ring.push({ id: randomUUID(), at: now().toISOString(), ...sighting });
      if (ring.length > capacity) ring.shift();
    },
    seen: () => ring,
    hits: () => Object.fromEntries(counts),
  };
}

/** In lower-case hex, 64 digits. */
export function sha256Of(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** First eight hex digits of the SHA-256: enough to recognise a credential by, too few to find it from. */
export function fingerprintOf(token: string): string {
  return sha256Of(token).slice(0, 8);
}

/** What may be kept of an `Authorization` header. */
export function describeCredential(header: string | undefined): SeenCredential | null {
  if (!header) return null;
  const [scheme = '', ...rest] = header.split(' ');
  const token = rest.join(' ');
  // A header without a scheme is all secret.
  return token
    ? { shown: `${scheme} ••••`, fingerprint: fingerprintOf(token) }
    : { shown: '••••', fingerprint: fingerprintOf(header) };
}

/** Keeps the names of a query and drops their values. */
export function withoutQueryValues(url: string): string {
  const [path = '/', query] = url.split('?', 2);
  if (!query) return path;
  return `${path}?${query
    .split('&')
    .map((part) => part.split('=', 1)[0])
    .join('&')}`;
}
