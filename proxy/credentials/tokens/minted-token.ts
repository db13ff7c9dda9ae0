import { TokenError } from './token-error.ts';

/** A token that a token endpoint has issued. It lives in the proxy's memory only. */
export interface MintedToken {
  /** What the host is sent. It is safe as a header's value. */
  readonly value: string;
  /** How long it is good for, counted from the moment it was asked for. */
  readonly lifeMs: number;
}

/** RFC 6749 5.1 lets an endpoint leave out how long a token lives. Then it is renewed after this time. */
const UNSTATED_LIFE_MS = 15 * 60_000;
/** A token that says it lives shorter is used this long all the same, so that its endpoint is not asked all the time. */
const SHORTEST_LIFE_MS = 5_000;
const LONGEST_LIFE_MS = 24 * 60 * 60_000;
/** Visible ASCII. Tokens of RFC 6750 2.1 have fewer characters; a line break or a space would change the header. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/;

/**
 * @param lifeSeconds as the endpoint states it. Undefined when it does not say.
 * @throws TokenError `bad_answer` when the token cannot be sent in a header
 */
export function mintedToken(value: unknown, lifeSeconds: number | undefined): MintedToken {
  if (typeof value !== 'string' || !TOKEN.test(value))
    throw new TokenError('bad_answer', 'the token is no header value');
  const stated = lifeSeconds === undefined || Number.isNaN(lifeSeconds) ? UNSTATED_LIFE_MS : lifeSeconds * 1_000;
  return { value, lifeMs: Math.min(Math.max(stated, SHORTEST_LIFE_MS), LONGEST_LIFE_MS) };
}
