import { LRUCache } from 'lru-cache';
import { offerOf } from '../../access/personal-access.ts';
import { actingPerson } from '../../contracts/scope.ts';
import type { PersonalVersion } from '../../store/personal-tokens.ts';
import type { JudgedRequest } from './judge-request.ts';

export interface TokenAnswersOptions {
  /** Keeps whether a service takes what a person has pasted. */
  readonly note: (of: PersonalVersion, isRefused: boolean) => Promise<void>;
  readonly onError: (error: unknown, what: string) => void;
}

interface Noted {
  readonly isRefused: boolean;
  done: Promise<void>;
}

/** So many versions are remembered, and so long. After that it is noted again, because another proxy may have noted otherwise. */
const MOST = 10_000;
const LIFE_MS = 60_000;

/**
 * Notes what services answer to tokens of people: 401 says that one is not taken, and what succeeds (2xx) says that it is. Anything else is
 * about the request. A test is noted with its own answer (store/personal-tests.ts), and what was granted is renewed by the minter.
 */
export function createTokenAnswers({ note, onError }: TokenAnswersOptions) {
  const noted = new LRUCache<number, Noted>({
    max: MOST,
    ttl: LIFE_MS,
  });

  return ({ decision, lease }: Pick<JudgedRequest, 'decision' | 'lease'>, status: number | null): void => {
    const own = decision.outcome === 'injected' ? decision.rule.connection : null;
    const person = own?.owner === undefined ? null : actingPerson(own.owner);
    const connection = own ? offerOf(own.id) : null;
    if (!own || !person || !connection || lease.access || status === null) return;
    // A redirect may lead to a page on which one would have to sign in.
    if (status !== 401 && (status < 200 || status >= 300)) return;
    const isRefused = status === 401;
    const version = own.credentialVersion;
    const before = noted.get(version);
    if (before?.isRefused === isRefused) return;
    // One after the other: what is noted last has to be what was answered last.
    const mine: Noted = { isRefused, done: Promise.resolve() };
    mine.done = (before?.done ?? Promise.resolve())
      .then(() => note({ ...person, connection, version }, isRefused))
      .catch((error: unknown) => {
        // A later answer may stand there by now, and its note is still to come.
        if (noted.peek(version) === mine) noted.delete(version);
        onError(error, 'it could not be noted whether a service takes a token of a person');
      });
    noted.set(version, mine);
  };
}
