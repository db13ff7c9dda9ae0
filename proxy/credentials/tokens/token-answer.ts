import type { z } from 'zod';
import { oauthErrorCode, TokenError } from './token-error.ts';

/**
 * Throws when the endpoint did not answer `expected`: with the error code of its answer (RFC 6749 5.2), or with the
 * status.
 *
 * @throws TokenError
 */
export async function throwIfRefused(answer: Response, expected = 200): Promise<void> {
  if (answer.status === expected) return;
  const body = parseJson(await answer.text()) as { error?: unknown } | null;
  throw new TokenError(oauthErrorCode(body?.error) ?? `http_${answer.status}`);
}

/** RFC 6749 5.1. @throws TokenError `bad_answer` when the answer does not say that it is JSON */
export function checkType(answer: Response): void {
  const type = answer.headers.get('content-type') ?? '';
  if (!/^application\/json\s*(?:;|$)/i.test(type)) throw new TokenError('bad_answer', 'the answer is no JSON');
}

/** The answer's body as JSON of this shape. @throws TokenError `bad_answer` */
export async function readJson<T>(answer: Response, schema: z.ZodType<T>): Promise<T> {
  checkType(answer);
  const parsed = schema.safeParse(parseJson(await answer.text()));
  if (parsed.success) return parsed.data;
  throw new TokenError('bad_answer', `${parsed.error.issues[0]?.path.join('.') || 'its top'} is not as it has to be`);
}

/** Null when the text is no JSON: a parser's message would quote it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
