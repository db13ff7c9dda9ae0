import { lookup } from 'node:dns/promises';
import type { CanonicalHost } from '../../access/host-name.ts';
import { Refusal } from '../refusal.ts';

/** Looks a name up once and returns its addresses, in the order they are to be tried. */
export type Resolve = (host: CanonicalHost) => Promise<readonly string[]>;

const TIMEOUT_MS = 5_000;
/** More answers than this are no service but a trick. */
const MAX_ANSWERS = 64;
/** Lookups at the same time; each holds one of the few threads that the operating system's resolver has here. */
const MAX_UNDER_WAY = 32;

/** By the operating system's resolver, so that its hosts file and search rules hold as for any other program. */
export const resolveBySystem: Resolve = async (host) => {
  const answers = await lookup(host, { all: true, order: 'verbatim' });
  return answers.map(({ address }) => address);
};

/** Adds the limits: time, answers, lookups under way. @throws Refusal `dns` */
export function createBoundedResolve(resolve: Resolve, { timeoutMs = TIMEOUT_MS } = {}): Resolve {
  let underWay = 0;
  return async (host) => {
    if (underWay >= MAX_UNDER_WAY) throw failed(host, 'too many names are being resolved');
    underWay += 1;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(failed(host, `no answer in ${timeoutMs} ms`)), timeoutMs);
    });
    // A lookup that is given up on still holds its thread: it counts until it ends.
    const answering = Promise.resolve(resolve(host)).finally(() => {
      underWay -= 1;
    });
    answering.catch(() => {});
    try {
      const addresses = await Promise.race([answering, timeout]);
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
