import { z } from 'zod';
import type { DoneCall } from './conversation.ts';

/** A refusal of the Agent Proxy, found in what a tool gave back. */
export interface Refusal {
  readonly host: string;
  readonly code: string;
  /** The proxy's own words on why: they name the kind of place. Empty where the client hid them. */
  readonly message: string;
  /** The proxy's own words on what to do. */
  readonly hint: string;
}

const body = z.looseObject({
  error: z.looseObject({
    code: z.string(),
    host: z.string(),
    retry: z.boolean(),
    message: z.string().default(''),
    hint: z.string().default(''),
  }),
});

/** Each refusal once for each host. It is read from the proxy's JSON body, or from curl's message when curl hides the body. */
export function refusalsIn(steps: readonly DoneCall[]): Refusal[] {
  const found = steps.flatMap((step) => {
    const bodies = jsonObjectsIn(step.result).flatMap((value) => {
      const read = body.safeParse(value);
      return read.success ? [read.data.error] : [];
    });
    return bodies.length > 0 ? bodies : hiddenIn(step);
  });
  return [...new Map(found.map((refusal) => [refusal.host, refusal])).values()].map(
    ({ host, code, message, hint }) => ({
      host,
      code,
      message,
      hint,
    }),
  );
}

/** A client whose tunnel was refused shows only the status. The host is in its command. */
function hiddenIn({ input, result }: DoneCall): Refusal[] {
  if (!/CONNECT tunnel failed, response 403|Received HTTP code 403 from proxy after CONNECT/.test(result)) return [];
  const host = /https?:\/\/([a-z0-9.-]+)/i.exec(String(input.command ?? ''))?.[1];
  return host ? [{ host, code: 'blocked', message: '', hint: '' }] : [];
}

/** Objects of JSON standing anywhere in a text, the outermost of each. */
function jsonObjectsIn(text: string): unknown[] {
  const found: unknown[] = [];
  for (let start = text.indexOf('{'); start >= 0 && found.length < 50; ) {
    const end = endOfObject(text, start);
    const value = end > 0 ? parsed(text.slice(start, end)) : undefined;
    if (value !== undefined) found.push(value);
    start = text.indexOf('{', value === undefined ? start + 1 : end);
  }
  return found;
}

/** The position after the brace that closes the one at `start`. 0 when no brace within a sensible length does. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length && at < start + 8_000; at++) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return at + 1;
  }
  return 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
