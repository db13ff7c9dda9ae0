import { headerKey, stopsAtProxy } from '../../access/header-names.ts';
import type { HeaderInjection } from '../credentials/injector.ts';
import type { HeaderList, RequestHead } from './request-head.ts';
import { valuesOf } from './request-head.ts';

export interface OutboundHeadersOptions {
  readonly head: RequestHead;
  /** Our own Host, from the authority that was judged. */
  readonly host: string;
  /** Null leaves the sandbox's own credentials in. */
  readonly strip: ((name: string) => boolean) | null;
  readonly injection: HeaderInjection | null;
}

/**
 * The headers that go on the wire: built, never copied. What the sandbox's Connection header names is taken from the
 * sandbox's part only, before anything of ours is added; the credential comes last and exactly once.
 */
export function outboundHeaders({ head, host, strip, injection }: OutboundHeadersOptions): [string, string][] {
  const named = connectionNamed(head.headers);
  const injected = injection === null ? null : headerKey(injection.name);
  const headers: [string, string][] = [['host', host]];
  for (const [name, value] of head.headers) {
    const key = headerKey(name);
    if (stopsAtProxy(key) || named.has(key) || key === injected || strip?.(name)) continue;
    headers.push([name, value]);
  }
  if (head.framing.kind === 'length') headers.push(['content-length', String(head.framing.length)]);
  if (injection) headers.push([injection.name, injection.value]);
  return headers;
}

/** What a Connection header asks to be removed (RFC 9110 7.6.1). */
export function connectionNamed(headers: HeaderList): ReadonlySet<string> {
  return new Set(
    valuesOf(headers, 'connection')
      .flatMap((value) => value.split(','))
      .map((name) => headerKey(name.trim()))
      .filter((name) => name !== ''),
  );
}

/** Bytes of a head on the wire without the credential: method, target, and each header with its separators. */
export function headBytes(
  method: string,
  target: string,
  headers: HeaderList,
  injection: HeaderInjection | null,
): number {
  const lines = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  const secret = injection ? injection.name.length + injection.value.length + 4 : 0;
  return method.length + target.length + 12 + lines - secret;
}
