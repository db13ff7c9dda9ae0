import type { Transform } from 'node:stream';
import type { Decision, EffectiveAccess } from '../../access/decision.ts';
import { headerKey } from '../../access/header-names.ts';
import { ruleId } from '../../access/rule-match.ts';
import type { Injection } from '../credentials/injection.ts';
import type { Exchange } from '../events/exchange.ts';
import { Refusal } from '../refusal.ts';
import { hostHeader } from './authority.ts';
import { headBytes, outboundHeaders } from './outbound-headers.ts';
import {
  carriesCredentials,
  credentialHeaders,
  credentialParameters,
  ownCredentialsRule,
  strippedQuery,
} from './own-credentials.ts';
import { withParameter } from './query-credential.ts';
import type { Target } from './read-target.ts';
import type { HeaderList, RequestHead } from './request-head.ts';

export type AllowedDecision = Exclude<Decision, { outcome: 'blocked' }>;

/**
 * Headers by which an answer comes that cannot be searched for a credential: in a coding (RFC 3229 has one of its own) or a charset, or
 * from the middle of it on.
 */
const CODING: ReadonlySet<string> = new Set(['a-im', 'accept-charset', 'accept-encoding']);
const CODING_AND_RANGE: ReadonlySet<string> = new Set([...CODING, 'if-range', 'range']);

/** A request as it is sent. */
export interface Outgoing {
  readonly target: string;
  readonly headers: HeaderList;
  /** Size of the head in bytes, without the credential. */
  readonly headBytes: number;
  /** The whole body, when it had to be read before the request is sent. Without it, the body streams from the sandbox. */
  readonly body?: Buffer;
  /** Makes the body that is sent from the one that streams from the sandbox. */
  readonly rewriteBody?: () => Transform;
  /** What is overwritten in the answer: the credential, in each way in which the host was sent it. */
  readonly hidden: readonly string[];
}

export interface OutgoingOptions {
  readonly exchange: Exchange;
  readonly head: RequestHead;
  readonly target: Target;
  readonly decision: AllowedDecision;
  readonly access: EffectiveAccess;
  readonly injection: Injection | null;
}

/**
 * Builds target and headers from the judged request. Nothing else of it is sent. A credential in headers or in the query
 * is attached here. Those that depend on the body are attached by `withBodyCredential`.
 * @throws Refusal `own_credentials`
 */
export function buildOutgoing({ exchange, head, target, decision, access, injection }: OutgoingOptions): Outgoing {
  const { authority, path, query } = target;
  const own = ownCredentialsRule(decision);
  const isCredential = credentialHeaders(authority.host, access);
  if (
    own === 'block' &&
    carriesCredentials(head.headers, query, isCredential, credentialParameters(authority.host, access))
  ) {
    const rule = ruleId(decision.rule);
    throw new Refusal('own_credentials', `Credentials of the sandbox's own do not go to ${authority.host}.`, { rule });
  }
  const headers = outboundHeaders({
    head,
    host: hostHeader(authority, exchange.scheme),
    strip: own === 'pass' ? null : isCredential,
    replaced: injection?.way === 'headers' ? injection.headers.map(({ name }) => name) : [],
  });
  const kept = own === 'pass' ? query : strippedQuery(query, credentialParameters(authority.host, access));
  const size = headBytes(exchange.method, path + kept, headers);
  switch (injection?.way) {
    case 'headers': {
      const secrets = injection.headers.map(({ name, value }): [string, string] => [name, value]);
      // A range stays: clients read large files by ranges, and what repeats headers is no file.
      const sent = [...(isGoogleStorage(authority.host) ? headers : plainly(headers, CODING)), ...secrets];
      return { target: path + kept, headers: sent, headBytes: size, hidden: injection.hidden };
    }
    case 'query': {
      // Servers repeat the query in redirects and in links to the next page. A range could begin in the middle of it.
      const readable = plainly(headers, CODING_AND_RANGE);
      const target = path + withParameter(kept, injection.name, injection.value);
      return { target, headers: readable, headBytes: size, hidden: [injection.value] };
    }
    case 'body':
      return {
        target: path + kept,
        headers: plainly(headers, CODING),
        headBytes: size,
        hidden: [injection.value],
      };
    default:
      return { target: path + kept, headers, headBytes: size, hidden: [] };
  }
}

/** Asks for an answer that can be searched. */
function plainly(headers: HeaderList, without: ReadonlySet<string>): HeaderList {
  return [...headers.filter(([name]) => !without.has(headerKey(name))), ['accept-encoding', 'identity']];
}

/**
 * Google Cloud Storage unpacks an object that is stored packed for who does not take gzip. Then its length and checksum are
 * not those of the object, so a download fails. It repeats no header, so the client's wish stands there.
 */
function isGoogleStorage(host: string): boolean {
  return host === 'storage.googleapis.com' || host.endsWith('.storage.googleapis.com');
}
