import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Accounts } from './accounts.ts';
import type { Forge } from './forge/forge.ts';
import type { Ledger } from './ledger.ts';
import type { SiteAnswer } from './sites.ts';

export interface ControlOptions {
  readonly token: string;
  readonly ledger: Ledger;
  readonly accounts: Pick<Accounts, 'makeToken'>;
  readonly forge: Pick<Forge, 'pulls'>;
}

/** @param asked method and path without the query */
export type Control = (request: IncomingMessage, asked: string) => Promise<SiteAnswer>;

const MAX_BODY = 4_096;
const wish = z.object({ login: z.string() });

/** The endpoints under `/_acme/`, for the page and for tests: what a browser at Acme would show a person. */
export function createControl({ token, ledger, accounts, forge }: ControlOptions): Control {
  return async (request, asked) => {
    const body = await readText(request);
    if (!sameText(request.headers.authorization ?? '', `Bearer ${token}`)) return json(401, { error: 'unauthorized' });
    switch (asked) {
      case 'GET /_acme/seen':
        return json(200, { seen: ledger.seen() });
      case 'GET /_acme/hits':
        return json(200, { hits: ledger.hits() });
      case 'GET /_acme/pulls':
        return json(200, { pulls: await forge.pulls() });
      case 'POST /_acme/tokens': {
        const { login } = wish.catch({ login: '' }).parse(jsonOf(body));
        const made = await accounts.makeToken(login);
        return made === null ? json(422, { error: 'no_such_login' }) : json(201, { login, token: made });
      }
      default:
        return json(404, { error: 'not_found' });
    }
  };
}

function json(status: number, value: unknown): SiteAnswer {
  return { status, body: `${JSON.stringify(value)}\n`, type: 'application/json' };
}

/** No more than 4 KiB of it. */
async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function sameText(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
