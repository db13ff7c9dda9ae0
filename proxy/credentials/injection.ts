import type { Transform } from 'node:stream';

/**
 * The ways in which a credential enters a request. An injection holds the secret itself. It lives in the proxy's memory
 * only and is never logged or recorded.
 */
export type Injection =
  | HeadersInjection
  /** Put into the query, percent-encoded. A parameter of the sandbox's with this name is removed first. */
  | { readonly way: 'query'; readonly name: string; readonly value: string }
  /** Put into a JSON object or a form. A field of the sandbox's with this name is removed first. */
  | { readonly way: 'body'; readonly field: string; readonly value: string }
  | SigningInjection
  | CertificateInjection;

/** Headers with a secret in them. Headers of the sandbox's with one of these names are removed first. */
export interface HeadersInjection {
  readonly way: 'headers';
  readonly headers: readonly SecretHeader[];
  /** What is overwritten where the host repeats it in its answer. */
  readonly hidden: readonly string[];
  /** Set when the headers hold a token that was got for the credential. */
  readonly minted?: MintedHeaders;
}

/** What to do when the host answers 401 to a minted token. */
export interface MintedHeaders {
  /** The token is not used again. Other requests get another one. */
  refused(): void;
  /** The same, and resolves with another token's headers. Null when none can be got now. */
  renew(): Promise<HeadersInjection | null>;
}

export interface SecretHeader {
  /** In lower case. */
  readonly name: string;
  readonly value: string;
}

/** The request is signed as it will be sent. Nothing of it may change afterwards. */
export interface SigningInjection {
  readonly way: 'sign';
  /**
   * Removes every signature that the sandbox made itself, and signs anew.
   *
   * @param readBody the whole body. Call it only when the signature needs it: it holds the request up.
   * @throws Refusal when this request cannot be signed
   */
  sign(request: UnsignedRequest, readBody: () => Promise<Buffer>): Promise<SignedRequest>;
}

/** The head of a request that is about to be sent, without any credential. */
export interface UnsignedRequest {
  readonly method: string;
  /** The host of the request, canonical. */
  readonly host: string;
  /** The canonical path that was judged. */
  readonly path: string;
  /** The path as the sandbox wrote it. */
  readonly rawPath: string;
  /** With its question mark, or empty. */
  readonly query: string;
  /** The Authorization header of the sandbox, which is not sent. Null without one. */
  readonly ownAuthorization: string | null;
  /** All headers that are sent, Host and Content-Length among them. Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly hasBody: boolean;
  /** Whether the rule that let the request through covers this reading of its path too. */
  readonly covers: (path: string) => boolean;
  /** The host of that rule: exact, or `*.suffix`. */
  readonly ruleHost: string;
  /**
   * Whether the rules keep any path of this host back, by a `deny` or by naming the paths that are allowed. Then nothing
   * may be read that is not in the path.
   */
  readonly holdsBack: boolean;
}

export interface SignedRequest {
  /** Path and query as they are sent. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Makes the body that is sent from the one that came. The headers give its length. */
  readonly rewriteBody?: () => Transform;
}

/** TLS with a certificate of the client's. Its connections serve nothing else: they have a pool of their own. */
export interface CertificateInjection {
  readonly way: 'client-certificate';
  /** PEM text. The certificate of the client first, then those of its issuers. */
  readonly certificate: string;
  /** PEM text, without a passphrase. */
  readonly key: string;
}
