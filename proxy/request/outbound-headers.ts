import { headerKey, stopsAtProxy } from '../../access/header-names.ts';
import { PLACEHOLDER_TOKEN } from '../../contracts/placeholder-token.ts';
import type { HeaderList, RequestHead } from './request-head.ts';
import { valuesOf } from './request-head.ts';

export interface OutboundHeadersOptions {
  readonly head: RequestHead;
  /** The Host header to send, made from the judged authority. */
  readonly host: string;
  /** Says which headers are the sandbox's own credentials and must go. Null leaves them in. */
  readonly strip: ((name: string) => boolean) | null;
  /** Names of the headers that the credential is sent in. The sandbox's own headers of these names go. */
  readonly replaced: readonly string[];
}

/**
 * Builds the headers that are sent, without the credential. The sandbox's Connection header may name headers to remove;
 * it removes only the sandbox's own headers, because Host and the credential are added separately. It removes none about the body
 * (RFC 9110 7.6.1 forbids to name them):
 * 1. A body is judged as JSON, because its Content-Type says so.
 * 2. Some servers read a body without a type as a form.
 * 3. Then a text inside the JSON would be fields that nobody has judged.
 * Therefore these headers stay, in one spelling alone.
 */
export function outboundHeaders({ head, host, strip, replaced }: OutboundHeadersOptions): [string, string][] {
  const named = connectionNamed(head.headers);
  const injected = new Set(replaced.map(headerKey));
  const headers: [string, string][] = [['host', host]];
  for (const [name, value] of head.headers) {
    const key = headerKey(name);
    const goes = key.startsWith('content-') ? name !== key : named.has(key) || holdsPlaceholder(value);
    if (stopsAtProxy(key) || goes || injected.has(key) || strip?.(name)) continue;
    headers.push([name, value]);
  }
  if (head.framing.kind === 'length') headers.push(['content-length', String(head.framing.length)]);
  return headers;
}

/** Whether a header carries the token that says it is none, also inside basic authentication. */
function holdsPlaceholder(value: string): boolean {
  if (value.includes(PLACEHOLDER_TOKEN)) return true;
  const basic = /^basic\s+(.+)$/i.exec(value)?.[1];
  return basic !== undefined && Buffer.from(basic, 'base64').toString('latin1').includes(PLACEHOLDER_TOKEN);
}

/** The names that a Connection header asks to remove (RFC 9110 7.6.1). */
export function connectionNamed(headers: HeaderList): ReadonlySet<string> {
  return new Set(
    valuesOf(headers, 'connection')
      .flatMap((value) => value.split(','))
      .map((name) => headerKey(name.trim()))
      .filter((name) => name !== ''),
  );
}

/** Size in bytes of a request's head: method, target, and each header with its separators. */
export function headBytes(method: string, target: string, headers: HeaderList): number {
  return (
    method.length + target.length + 12 + headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
  );
}
