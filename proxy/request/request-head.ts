import type { IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.ts';

/** Headers in the order they came, with lower-case names. Doubles are kept; Node's own `headers` would hide them. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** How the end of the body is found (RFC 9112 6). Two ways at once are refused, because two readers could disagree. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' };

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderList;
  readonly host: string | null;
  readonly framing: Framing;
}

const MAX_HEADERS = 200;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEAD_BYTES = 32 * 1024;
/** Visible ASCII, spaces, tabs, and obs-text (RFC 9110 5.5). No control characters. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Checks the head of a request that Node has parsed. Node's parser is strict already. This repeats its rules where they
 * can be read, and adds rules that Node does not have.
 * @throws Refusal `bad_request`, `bad_framing`, `bad_host`, `headers_too_large`
 */
export function readHead(request: IncomingMessage): RequestHead {
  const method = request.method ?? '';
  const isConnect = method === 'CONNECT';
  // HTTP/1.0 is accepted for CONNECT only, because many clients open tunnels with it.
  if (request.httpVersion !== '1.1' && !(isConnect && request.httpVersion === '1.0')) {
    throw new Refusal('bad_request', `HTTP/${request.httpVersion} is not spoken here, only HTTP/1.1.`);
  }
  const headers = listHeaders(request.rawHeaders);
  const hosts = valuesOf(headers, 'host');
  if (hosts.length > 1) throw new Refusal('bad_host', 'The request has more than one Host header.');
  if (hosts.length === 0 && request.httpVersion === '1.1') {
    throw new Refusal('bad_host', 'The request has no Host header.');
  }
  return { method, target: request.url ?? '', headers, host: hosts[0] ?? null, framing: framingOf(headers) };
}

/** All values of one header. @param name in lower case */
export function valuesOf(headers: HeaderList, name: string): string[] {
  return headers.filter((header) => header[0] === name).map((header) => header[1]);
}

function listHeaders(raw: readonly string[]): HeaderList {
  const headers: [string, string][] = [];
  let bytes = 0;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const size = name.length + value.length + 4;
    bytes += size;
    if (size > MAX_HEADER_BYTES || bytes > MAX_HEAD_BYTES || headers.length >= MAX_HEADERS) {
      throw new Refusal('headers_too_large', 'The headers of this request are too many or too large.');
    }
    if (!TOKEN.test(name) || !VALUE.test(value)) {
      throw new Refusal('bad_request', 'A header has a character that no header can have.');
    }
    headers.push([name.toLowerCase(), value]);
  }
  return headers;
}

function framingOf(headers: HeaderList): Framing {
  const lengths = valuesOf(headers, 'content-length');
  const codings = valuesOf(headers, 'transfer-encoding');
  if (codings.length > 0) {
    if (lengths.length > 0) throw badFraming('both Content-Length and Transfer-Encoding');
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') {
      throw badFraming('a Transfer-Encoding other than chunked');
    }
    return { kind: 'chunked' };
  }
  if (lengths.length === 0) return { kind: 'none' };
  const text = lengths[0] ?? '';
  if (lengths.length > 1 || !/^(0|[1-9][0-9]{0,15})$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw badFraming('a Content-Length that is not one whole number');
  }
  return { kind: 'length', length: Number(text) };
}

function badFraming(what: string): Refusal {
  return new Refusal('bad_framing', `The request has ${what}.`);
}
