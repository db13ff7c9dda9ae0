import { lookup } from 'node:dns/promises';
import type { CanonicalHost } from '../../access/host-name.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import { Refusal } from '../refusal.ts';

/** Looks a name up once and returns its addresses in the order in which to try them. */
export type Resolve = (host: CanonicalHost) => Promise<readonly string[]>;

/** On whose behalf a name is looked up: of a scope, or for the token endpoint of a connection. */
export type LookupShare = ScopeKey | `token:${string}`;

/** The same on behalf of somebody. @throws Refusal `dns` */
export type BoundedResolve = (host: CanonicalHost, scope: LookupShare) => Promise<readonly string[]>;

type Lookups = Map<CanonicalHost, Promise<readonly string[]>>;

const TIMEOUT_MS = 5_000;
/** No honest service has more addresses than this. */
const MAX_ANSWERS = 64;
/** Lookups at the same time. Each holds a thread, and libuv gives lookups at most half of its threads. */
export const MAX_LOOKUPS = 32;
/** Lookups of one scope at the same time, so that names without an answer hold up only the scope that asked. */
const MAX_OF_SCOPE = 4;

/** Asks the operating system's resolver, so that its hosts file and search rules apply as for any other program. */
export const resolveBySystem: Resolve = async (host) => {
  const answers = await lookup(host, { all: true, order: 'verbatim' });
  return answers.map(({ address }) => address);
};

/**
 * Adds limits of time, answers and lookups. Two requests of one scope for the same name share one lookup. A scope with
 * four lookups under way waits until one of them ends.
 */
export function createBoundedResolve(resolve: Resolve, { timeoutMs = TIMEOUT_MS } = {}): BoundedResolve {
  const underWay = new Map<LookupShare, Lookups>();
  let total = 0;

  /** A lookup cannot be cancelled and holds its thread, so it counts until it ends, also after its caller gave up. */
  function begin(host: CanonicalHost, scope: LookupShare, own: Lookups): Promise<readonly string[]> {
    if (total >= MAX_LOOKUPS) throw failed(host, 'too many names are being resolved');
    total += 1;
    underWay.set(scope, own);
    const answering = resolve(host).finally(() => {
      total -= 1;
      own.delete(host);
      if (own.size === 0) underWay.delete(scope);
    });
    own.set(host, answering);
    return answering;
  }

  async function answerFor(host: CanonicalHost, scope: LookupShare, late: AbortSignal): Promise<readonly string[]> {
    for (;;) {
      const own: Lookups = underWay.get(scope) ?? new Map();
      const answering = own.get(host) ?? (own.size < MAX_OF_SCOPE ? begin(host, scope, own) : null);
      if (answering) return answering;
      await Promise.race(own.values()).catch(() => {});
      late.throwIfAborted();
    }
  }

  return async (host, scope) => {
    const late = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        late.abort();
        reject(failed(host, `no answer in ${timeoutMs} ms`));
      }, timeoutMs);
    });
    try {
      const addresses = await Promise.race([answerFor(host, scope, late.signal), timeout]);
      if (addresses.length === 0) throw failed(host, 'no addresses');
      if (addresses.length > MAX_ANSWERS) throw failed(host, `more than ${MAX_ANSWERS} addresses`);
      return addresses;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw failed(host, (error as NodeJS.ErrnoException).code ?? 'lookup failed');
    } finally {
      clearTimeout(timer);
    }
  };
}

function failed(host: string, why: string): Refusal {
  return new Refusal('dns', `${host} could not be resolved: ${why}.`);
}
