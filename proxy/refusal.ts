import type { BlockCode } from '../access/decision.ts';

/** Every way the proxy refuses. Stable: clients, alerts and the model's instructions match on them. */
export type RefusalCode =
  | BlockCode
  | 'address_denied'
  | 'address_literal'
  | 'bad_authority'
  | 'bad_framing'
  | 'bad_host'
  | 'bad_path'
  | 'bad_request'
  | 'body_timeout'
  | 'client_hello_timeout'
  | 'client_rejected_cert'
  | 'connect'
  | 'dns'
  | 'draining'
  | 'events_not_recorded'
  | 'expectation'
  | 'header_timeout'
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
  | 'sni_mismatch'
  | 'sni_missing'
  | 'tls_failed'
  | 'tls_in_clear'
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
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly retry: boolean;
  readonly hint: string;
}

const ASK = 'An administrator can allow it in bellhop.yaml. Do not retry.';
const FIX = 'The request is malformed. Do not retry it unchanged.';
const LATER = 'Try again in a few seconds.';

/** 403: meant so. 4xx else: the request is at fault. 502: the way to the host failed. 503: the proxy cannot judge now. */
export const REFUSALS: Readonly<Record<RefusalCode, RefusalRule>> = {
  address_denied: {
    status: 403,
    retry: false,
    hint: 'This address needs a rule with its range and an operator ceiling.',
  },
  address_literal: { status: 403, retry: false, hint: 'Use the name of the host; addresses cannot be allowed.' },
  bad_authority: { status: 400, retry: false, hint: FIX },
  bad_framing: { status: 400, retry: false, hint: FIX },
  bad_host: { status: 400, retry: false, hint: FIX },
  bad_path: { status: 400, retry: false, hint: FIX },
  bad_request: { status: 400, retry: false, hint: FIX },
  body_timeout: { status: 408, retry: true, hint: LATER },
  cleartext_credential: { status: 403, retry: false, hint: 'Use https: credentials never travel in clear text.' },
  client_hello_timeout: { status: 408, retry: false, hint: 'After CONNECT begin TLS at once.' },
  client_rejected_cert: {
    status: 403,
    retry: false,
    hint: 'The client does not trust the certificate of the Agent Proxy. Use the CA bundle named by SSL_CERT_FILE.',
  },
  connect: { status: 502, retry: true, hint: 'The host is allowed but did not accept the connection.' },
  disabled: { status: 403, retry: false, hint: 'The agent is switched off here. Do not retry.' },
  dns: { status: 502, retry: true, hint: 'The host is allowed but its name could not be resolved.' },
  draining: { status: 503, retry: true, hint: LATER },
  events_not_recorded: { status: 503, retry: true, hint: 'Requests cannot be recorded now, so none is let through.' },
  expectation: { status: 417, retry: false, hint: 'Only "Expect: 100-continue" is understood.' },
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
  not_proxied: { status: 400, retry: false, hint: 'This is a proxy: send CONNECT, or the whole http:// URL.' },
  not_tls: { status: 403, retry: false, hint: 'Only TLS is carried after CONNECT.' },
  own_credentials: { status: 403, retry: false, hint: 'Credentials of your own are not let out to this host.' },
  path_not_allowed: { status: 403, retry: false, hint: ASK },
  path_too_long: { status: 414, retry: false, hint: FIX },
  policy_changed: { status: 403, retry: false, hint: 'Ask anew: the access rules are different now.' },
  policy_not_loaded: { status: 503, retry: true, hint: LATER },
  policy_stale: { status: 503, retry: true, hint: 'The access rules could not be confirmed lately. Try again later.' },
  port_not_allowed: { status: 403, retry: false, hint: ASK },
  query_too_long: { status: 400, retry: false, hint: FIX },
  sni_mismatch: { status: 403, retry: false, hint: 'The TLS server name must be the host of CONNECT.' },
  sni_missing: { status: 403, retry: false, hint: 'The TLS client must send a server name.' },
  tls_failed: { status: 403, retry: false, hint: 'The TLS handshake failed. TLS 1.2 or 1.3 with HTTP/1.1 is spoken.' },
  tls_in_clear: { status: 400, retry: false, hint: 'Use CONNECT for https.' },
  too_many_connections: { status: 429, retry: true, hint: 'Close connections first.' },
  too_many_denials: { status: 429, retry: true, hint: 'Too many refused requests in a short time. Stop retrying.' },
  too_many_names: { status: 429, retry: true, hint: 'Too many different hosts in a short time.' },
  too_many_requests: { status: 429, retry: true, hint: 'Wait for answers before sending more.' },
  too_many_tunnels: { status: 429, retry: true, hint: 'Close connections first.' },
  upgrade_not_supported: { status: 403, retry: false, hint: 'WebSocket is not carried yet; use plain requests.' },
  upstream_protocol: { status: 502, retry: true, hint: 'The host broke off or did not answer in HTTP/1.1.' },
  upstream_tls: { status: 502, retry: false, hint: "The host's certificate was not accepted; nothing was sent." },
};

/** A request that goes no further, in words fit for the sandbox. Never holds a secret. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly rule: string | null;
  readonly connection: string | null;
  constructor(code: RefusalCode, message: string, names: { rule?: string | null; connection?: string | null } = {}) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.rule = names.rule ?? null;
    this.connection = names.connection ?? null;
  }
}

/** What a refusal says about its request. */
export interface RefusedRequest {
  readonly requestId: string;
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** Without query values. */
  readonly path: string;
}

export interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** How long it is kept back, and its connection with it, which then ends. 0 is the rule. */
  readonly holdMs: number;
}

/** The answer the sandbox gets: JSON for machines, sentences in it for the model, and a header for whoever logs heads. */
export function refusalAnswer(refusal: Refusal, { requestId, ...request }: RefusedRequest, holdMs = 0): RefusalAnswer {
  const { status, retry, hint } = REFUSALS[refusal.code];
  const { code, message, rule, connection } = refusal;
  const body = `${JSON.stringify({ error: { code, message, ...request, rule, connection, requestId, retry, hint } })}\n`;
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-agent-proxy': `blocked; code=${code}; id=${requestId}`,
      ...(status === 429 || status === 503 ? { 'retry-after': '5' } : {}),
    },
    body,
    holdMs,
  };
}

/** The same as bytes, for a connection that no parser answers on any more. It is to be closed after them. */
export function refusalBytes(answer: RefusalAnswer, reasonPhrase: string): Buffer {
  const head = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `HTTP/1.1 ${answer.status} ${reasonPhrase}\r\n${head.join('')}connection: close\r\n\r\n${answer.body}`,
  );
}
