import { refusal, SlackError } from './errors.ts';

/** Arguments of one Web API call. They may be sent as a form, as JSON or in the address. */
export interface Arguments {
  text(name: string): string | undefined;
  required(name: string): string;
  integer(name: string): number | undefined;
  flag(name: string): boolean | undefined;
  /** An object or array, sent as JSON or as a form field holding JSON. */
  json(name: string): unknown;
  readonly all: Readonly<Record<string, unknown>>;
}

/**
 * Reads arguments leniently, as Slack does: a form sends numbers and objects as text. What is required and missing is
 * refused `invalid_arguments`.
 */
export function createArguments(all: Readonly<Record<string, unknown>>): Arguments {
  const text = (name: string): string | undefined => {
    const value = all[name];
    return value === undefined || value === null ? undefined : typeof value === 'object' ? undefined : String(value);
  };
  return {
    all,
    text,
    required(name) {
      const value = text(name);
      if (value === undefined || value === '') throw refusal('invalid_arguments', [`missing required field: ${name}`]);
      return value;
    },
    integer(name) {
      const value = text(name);
      if (value === undefined || value === '') return undefined;
      if (!/^-?\d+$/.test(value)) throw refusal('invalid_arguments', [`must be an integer [json-pointer:/${name}]`]);
      return Number(value);
    },
    flag(name) {
      const value = text(name);
      return value === undefined || value === '' ? undefined : value === 'true' || value === '1';
    },
    json(name) {
      const value = all[name];
      if (typeof value !== 'string') return value ?? undefined;
      if (value === '') return undefined;
      try {
        return JSON.parse(value);
      } catch {
        throw refusal('invalid_arguments', [`must be valid JSON [json-pointer:/${name}]`]);
      }
    },
  };
}

/** Reads a request's body by its content type: form, JSON or multipart. */
export async function readArguments(
  body: Buffer | null,
  contentType: string,
  query: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  if (body === null || body.length === 0) return { ...query };
  if (contentType.startsWith('application/json')) return { ...query, ...jsonBody(body) };
  if (contentType.startsWith('multipart/form-data')) {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
    return { ...query, ...Object.fromEntries(form) };
  }
  return { ...query, ...Object.fromEntries(new URLSearchParams(body.toString('utf8'))) };
}

function jsonBody(body: Buffer): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    if (parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    // Told below, in the same words as any other body that is not an object.
  }
  throw new SlackError('invalid_json');
}
