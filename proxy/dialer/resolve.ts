import { lookup } from 'node:dns/promises';
import type { CanonicalHost } from '../../access/host-name.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import { Refusal } from '../refusal.ts';

/** Looks a name up once and returns its addresses, in the order they are to be tried. */
export type Resolve = (host: CanonicalHost) => Promise<readonly string[]>;

/** The same on behalf of a scope. @throws Refusal `dns` */
export type BoundedResolve = (host: CanonicalHost, scope: ScopeKey) => Promise<readonly string[]>;

type Lookups = Map<CanonicalHost, Promise<readonly string[]>>;

const TIMEOUT_MS = 5_000;
/** More answers than this are no service but a trick. */
const MAX_ANSWERS = 64;
/** Lookups at the same time; each holds a thread, and libuv gives them half of those it has. */
export const MAX_LOOKUPS = 32;
/** Of those, for one scope: names that nobody answers for keep only that scope waiting. */
const MAX_OF_SCOPE = 4;

/** By the operating system's resolver, so that its hosts file and search rules hold as for any other program. */
export const resolveBySystem: Resolve = async (host) => {
  const answers = await lookup(host, { all: true, order: 'verbatim' });
  return answers.map(({ address }) => address);
};

/**
 * Adds the limits: time, answers, lookups under way. Who asks for a name that its scope is asking for already gets the
 * same answer; who asks for one name too many waits for another of its scope to end.
 */
export function createBoundedResolve(resolve: Resolve, { timeoutMs = TIMEOUT_MS } = {}): BoundedResolve {
  const underWay = new Map<ScopeKey, Lookups>();
  let total = 0;

  /** A lookup that is given up on still holds its thread: it counts until it ends. */
  function begin(host: CanonicalHost, scope: ScopeKey, own: Lookups): Promise<readonly string[]> {
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

  async function answerFor(host: CanonicalHost, scope: ScopeKey, late: AbortSignal): Promise<readonly string[]> {
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
