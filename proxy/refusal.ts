import type { BlockCode } from '../access/decision.ts';

/** Every reason to refuse. The codes are stable: clients, alerts and the model's instructions match on them. */
export type RefusalCode =
  | BlockCode
  | 'address_denied'
  | 'address_literal'
  | 'api_refused'
  | 'bad_authority'
  | 'bad_framing'
  | 'bad_host'
  | 'bad_path'
  | 'bad_request'
  | 'body_timeout'
  | 'body_too_large'
  | 'body_type'
  | 'cannot_sign'
  | 'client_abort'
  | 'client_hello_timeout'
  | 'client_rejected_cert'
  | 'connect'
  | 'dns'
  | 'draining'
  | 'events_not_recorded'
  | 'expectation'
  | 'header_timeout'
  | 'git_refused'
  | 'headers_too_large'
  | 'host_mismatch'
  | 'inject_failed'
  | 'internal'
  | 'lease_ended'
  | 'no_lease'
  | 'not_proxied'
  | 'not_tls'
  | 'own_credentials'
  | 'path_too_long'
  | 'policy_changed'
  | 'policy_not_loaded'
  | 'policy_stale'
  | 'query_too_long'
  | 'repository_not_granted'
  | 'sni_mismatch'
  | 'sni_missing'
  | 'tls_failed'
  | 'tls_in_clear'
  | 'tool_refused'
  | 'too_many_connections'
  | 'too_many_denials'
  | 'too_many_names'
  | 'too_many_requests'
  | 'too_many_tunnels'
  | 'upgrade_not_supported'
  | 'upstream_protocol'
  | 'upstream_tls';

interface RefusalRule {
  readonly status: number;
  /** Whether the same request may succeed later although nobody changes anything. */
  readonly retry: boolean;
  readonly hint: string;
}

const ASK = 'An administrator can allow it in bellhop.yaml. Do not retry.';
/** Said instead where the turn acts as a person. */
const ASK_PERSON =
  'What the person has not connected is not reached here: tell them to write `connections` to you in a direct message. Do not retry.';
const FIX = 'The request is malformed. Do not retry it unchanged.';
const LATER = 'Try again in a few seconds.';

/**
 * The answer to each refusal. Status 403 means that the rules forbid the request; any other 4xx that the request itself
 * is at fault; 502 that the host could not be reached or used; 503 that the proxy cannot judge requests now.
 */
export const REFUSALS: Readonly<Record<RefusalCode, RefusalRule>> = {
  address_denied: {
    status: 403,
    retry: false,
    hint: 'This address needs a rule with its range and an operator ceiling.',
  },
  address_literal: { status: 403, retry: false, hint: 'Use the name of the host; addresses cannot be allowed.' },
  api_refused: {
    status: 403,
    retry: false,
    hint: 'Do not retry. Work on a branch bellhop/..., and propose it by a draft pull request.',
  },
  bad_authority: { status: 400, retry: false, hint: FIX },
  bad_framing: { status: 400, retry: false, hint: FIX },
  bad_host: { status: 400, retry: false, hint: FIX },
  bad_path: { status: 400, retry: false, hint: FIX },
  bad_request: { status: 400, retry: false, hint: FIX },
  body_timeout: { status: 408, retry: true, hint: LATER },
  body_too_large: {
    status: 413,
    retry: false,
    hint: 'The credential of this host goes into or over the body, which is limited. Send less at once.',
  },
  body_type: {
    status: 415,
    retry: false,
    hint: 'The credential of this host goes into the body: send a JSON object or a form, not compressed.',
  },
  cannot_sign: { status: 400, retry: false, hint: 'Send the request in a form that the proxy can sign anew.' },
  cleartext_credential: { status: 403, retry: false, hint: 'Use https: credentials never travel in clear text.' },
  // For the event: nobody is left to read it.
  client_abort: { status: 502, retry: true, hint: 'The client broke off before it had an answer.' },
  client_hello_timeout: { status: 408, retry: false, hint: 'Begin TLS at once.' },
  client_rejected_cert: {
    status: 403,
    retry: false,
    hint: 'The client does not trust the certificate of the Agent Proxy. Use the CA bundle named by SSL_CERT_FILE.',
  },
  connection_denied: {
    status: 403,
    retry: false,
    hint: 'A rule of the connection forbids this. Do not retry.',
  },
  connect: {
    status: 502,
    retry: true,
    hint: 'The host is allowed but away: it did not accept a connection, or broke off.',
  },
  disabled: { status: 403, retry: false, hint: 'The agent is switched off here. Do not retry.' },
  dns: { status: 502, retry: true, hint: 'The host is allowed but its name could not be resolved.' },
  draining: { status: 503, retry: true, hint: LATER },
  events_not_recorded: { status: 503, retry: true, hint: 'Requests cannot be recorded now, so none is let through.' },
  expectation: { status: 417, retry: false, hint: 'Only "Expect: 100-continue" is understood.' },
  git_refused: {
    status: 403,
    retry: false,
    hint: 'Do not retry. Where pushing is allowed, push a new branch bellhop/..., without force.',
  },
  guardrail: { status: 403, retry: false, hint: 'The organization forbids this; nothing narrower can allow it.' },
  header_timeout: { status: 408, retry: false, hint: 'Send the whole head of a request within 15 seconds.' },
  headers_too_large: { status: 431, retry: false, hint: 'Send fewer or smaller headers.' },
  host_mismatch: { status: 421, retry: false, hint: 'The Host header must name the host that the connection is for.' },
  inject_failed: {
    status: 502,
    retry: true,
    hint: 'The credential could not be attached; an administrator must look.',
  },
  internal: { status: 502, retry: false, hint: 'The proxy failed; its log says why.' },
  lease_ended: { status: 503, retry: false, hint: 'The turn ended, and with it the way out.' },
  method_not_allowed: { status: 403, retry: false, hint: ASK },
  no_lease: { status: 503, retry: true, hint: 'Outside a running turn nothing is let out.' },
  not_allowed: { status: 403, retry: false, hint: ASK },
  not_proxied: {
    status: 400,
    retry: false,
    hint: 'Send the proxy CONNECT or the whole http:// URL. Without a proxy use port 443 for https and 80 for http.',
  },
  not_tls: { status: 403, retry: false, hint: 'Only TLS is carried after CONNECT.' },
  own_credentials: { status: 403, retry: false, hint: 'Credentials of your own are not let out to this host.' },
  path_not_allowed: { status: 403, retry: false, hint: ASK },
  path_too_long: { status: 414, retry: false, hint: FIX },
  policy_changed: { status: 403, retry: false, hint: 'Ask anew: the access rules are different now.' },
  policy_not_loaded: { status: 503, retry: true, hint: LATER },
  policy_stale: { status: 503, retry: true, hint: 'The access rules could not be confirmed lately. Try again later.' },
  port_not_allowed: { status: 403, retry: false, hint: ASK },
  query_too_long: { status: 400, retry: false, hint: FIX },
  repository_not_granted: {
    status: 403,
    retry: false,
    hint: 'An administrator can grant the repository in bellhop.yaml. Do not retry.',
  },
  sni_mismatch: { status: 403, retry: false, hint: 'The TLS server name must be the host of CONNECT.' },
  sni_missing: { status: 403, retry: false, hint: 'The TLS client must send a server name.' },
  tls_failed: { status: 403, retry: false, hint: 'The TLS handshake failed. TLS 1.2 or 1.3 with HTTP/1.1 is spoken.' },
  tls_in_clear: { status: 400, retry: false, hint: 'Use CONNECT for https.' },
  tool_refused: {
    status: 403,
    retry: false,
    hint: 'An administrator can allow the tool in bellhop.yaml. Do not retry.',
  },
  too_many_connections: { status: 429, retry: true, hint: 'Close connections first.' },
  too_many_denials: { status: 429, retry: true, hint: 'Too many refused requests in a short time. Stop retrying.' },
  too_many_names: { status: 429, retry: true, hint: 'Too many different hosts in a short time.' },
  too_many_requests: { status: 429, retry: true, hint: 'Wait for answers before sending more.' },
  too_many_tunnels: { status: 429, retry: true, hint: 'Close connections first.' },
  upgrade_not_supported: { status: 403, retry: false, hint: 'WebSocket is not carried yet; use plain requests.' },
  upstream_protocol: { status: 502, retry: true, hint: 'The host broke off or did not answer in HTTP/1.1.' },
  upstream_tls: { status: 502, retry: false, hint: "The host's certificate was not accepted; nothing was sent." },
};

/** What a refusal names besides its code and message. */
export interface RefusalNames {
  readonly rule?: string | null;
  readonly connection?: string | null;
  /** What only the event and the log say: addresses that a name leads to, and the words of other programs. */
  readonly detail?: string | null;
  /** True when the client shows only plain text to people, as git does. */
  readonly isText?: boolean;
  /** The answer in the client's own protocol, when it reads nothing else. */
  readonly told?: ToldRefusal | null;
  readonly asked?: AskedAddress | null;
}

/**
 * Thrown to refuse a request. The sandbox reads its message, so it holds no secret, and no address that the sandbox did
 * not name itself: internal addresses would tell it how the network is built.
 */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly rule: string | null;
  readonly connection: string | null;
  readonly detail: string | null;
  /** Where the request wanted to go, when that is no host that a rule can name. It is for the event. */
  readonly asked: AskedAddress | null;
  /** True when the client shows only plain text to people, as git does. */
  readonly isText: boolean;
  /** The answer in the client's own protocol, when it reads nothing else. Null for the usual answer. */
  readonly told: ToldRefusal | null;
  constructor(code: RefusalCode, message: string, names: RefusalNames = {}) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.rule = names.rule ?? null;
    this.connection = names.connection ?? null;
    this.isText = names.isText ?? false;
    this.told = names.told ?? null;
    this.detail = names.detail || null;
    this.asked = names.asked ?? null;
  }

  /** The message with its detail, for the event and the log. */
  get recorded(): string {
    return this.detail === null ? this.message : `${this.message} ${this.detail}`;
  }
}

export interface AskedAddress {
  readonly host: string;
  readonly port: number;
}

/** A refusal in the words of the client's protocol. */
export interface ToldRefusal {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/** The parts of a request that its refusal repeats. */
export interface RefusedRequest {
  readonly requestId: string;
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** Without query values. */
  readonly path: string;
  /** The turn acts as a person, with what they have connected. */
  readonly isForPerson: boolean;
  /** The client shows only plain text to people, as git does. */
  readonly readsText: boolean;
}

export interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** How long the answer is held back. Its connection ends afterwards. Normally 0, which does neither. */
  readonly holdMs: number;
}

/**
 * The answer that the sandbox gets: JSON with sentences for the model, and one header for programs that only log heads.
 */
export function refusalAnswer(
  refusal: Refusal,
  { requestId, isForPerson, readsText, ...request }: RefusedRequest,
  holdMs = 0,
): RefusalAnswer {
  const { status, retry, hint: usual } = REFUSALS[refusal.code];
  const hint = isForPerson && usual === ASK ? ASK_PERSON : usual;
  const { code, message, rule, connection } = refusal;
  // A client that sends too many refused requests gets the usual answer: it is to stop, whatever it shows.
  const told = holdMs > 0 ? null : refusal.told;
  const json = { error: { code, message, ...request, rule, connection, requestId, retry, hint } };
  // Clients of forges show `message` to people.
  const whole = code === 'api_refused' ? { message: `${message} ${hint}`, ...json } : json;
  const isText = refusal.isText || readsText;
  const body = told?.body ?? (isText ? `bellhop: ${message} ${hint}\n` : `${JSON.stringify(whole)}\n`);
  return {
    status: told?.status ?? status,
    headers: {
      'content-type': told?.type ?? (isText ? 'text/plain; charset=utf-8' : 'application/json'),
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-agent-proxy': `blocked; code=${code}; id=${requestId}`,
      ...(status === 429 || status === 503 ? { 'retry-after': '5' } : {}),
    },
    body,
    holdMs,
  };
}

/** The same answer as bytes, for a connection that Node's HTTP server has given up. Close the connection after them. */
export function refusalBytes(answer: RefusalAnswer, reasonPhrase: string): Buffer {
  const head = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const lines = `HTTP/1.1 ${answer.status} ${reasonPhrase}\r\n${head.join('')}connection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(lines), Buffer.from(answer.body as string)]);
}
