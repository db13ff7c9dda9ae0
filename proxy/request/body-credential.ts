import { Refusal } from '../refusal.ts';
import { encoded, withoutPairs } from './query-credential.ts';
import { type HeaderList, valuesOf } from './request-head.ts';

/** The longest body that a credential is put into. The whole of it is in memory. */
export const MAX_BODY_WITH_CREDENTIAL = 1024 * 1024;

/** Comparing a name takes microseconds, and no request may hold up the others. Web frameworks take a tenth of this. */
const MAX_FIELDS = 10_000;

export type BodyForm = 'json' | 'form';

/** Headers that are only true of the body as it came. */
export const OF_THE_OLD_BODY: ReadonlySet<string> = new Set([
  'content-length',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
]);

/**
 * The form of a body that a credential can be put into.
 * @throws Refusal `body_type` when it has none, is compressed, or is of another type
 */
export function bodyFormOf(headers: HeaderList, hasBody: boolean): BodyForm {
  if (!hasBody) throw refused('this request has no body');
  const codings = valuesOf(headers, 'content-encoding').map((value) => value.trim().toLowerCase());
  if (codings.some((coding) => coding !== 'identity')) throw refused('the body is compressed');
  const types = valuesOf(headers, 'content-type');
  if (types.length !== 1) throw refused('the request does not say the type of its body once');
  const [type = '', ...parameters] = (types[0] ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  if (charset && !/^charset="?(?:utf-8|us-ascii)"?$/.test(charset)) throw refused('the body is not UTF-8');
  if (/^application\/(?:[\w.-]+\+)?json$/.test(type)) return 'json';
  if (type === 'application/x-www-form-urlencoded') return 'form';
  throw refused('the body is neither JSON nor a form');
}

/**
 * Puts a credential into a body, in place of the sandbox's own field of that name.
 * @throws Refusal `body_type` when the body is not what it says it is, `body_too_large` when it has too many fields
 */
export function withField(body: Buffer, form: BodyForm, field: string, value: string): Buffer {
  if (form === 'json') return Buffer.from(withMember(utf8(body), field, value));
  const pairs = body.toString('latin1');
  if (hasTooManyPairs(pairs)) throw tooManyFields();
  const kept = withoutPairs(pairs, field);
  return Buffer.from(`${kept}${kept === '' ? '' : '&'}${encoded(field)}=${encoded(value)}`, 'latin1');
}

function hasTooManyPairs(pairs: string): boolean {
  let count = 1;
  for (const { index } of pairs.matchAll(/[&;]/g)) {
    if (index > 0) count += 1;
    if (count > MAX_FIELDS) return true;
  }
  return false;
}

/**
 * The text of the object is cut and joined, and not parsed and written anew: numbers that JavaScript cannot hold, and
 * the order of names, stay as they are.
 */
function withMember(text: string, field: string, value: string): string {
  const key = nameKey(field);
  const kept = membersOf(text)
    .filter(({ name }) => nameKey(name) !== key)
    .map(({ source }) => source);
  return `{${[...kept, `${JSON.stringify(field)}:${JSON.stringify(value)}`].join(',')}}`;
}

/** A longer name is never that of a field: NFKC makes a name at most 18 times shorter. Normalizing long runs of accents takes seconds. */
const MAX_NAME = 2_000;

/** Some parsers do not tell capitals apart, and take the last member of those that they take for the same. */
function nameKey(name: string): string {
  return name.length > MAX_NAME ? name : name.normalize('NFKC').toLowerCase();
}

/**
 * The members of an object, with doubles.
 * @throws Refusal `body_type` when the text is not a JSON object, `body_too_large` when it has too many members
 */
function membersOf(text: string): { readonly name: string; readonly source: string }[] {
  let isObject = false;
  try {
    const parsed: unknown = JSON.parse(text);
    isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  } catch {
    throw refused('the body is not JSON');
  }
  if (!isObject) throw refused('the body is JSON, but not an object');
  // The text is valid, so brackets outside of strings are balanced, and a comma at depth 1 ends a member.
  const members: { name: string; source: string }[] = [];
  let depth = 0;
  let start = 0;
  const end = (at: number) => {
    const source = text.slice(start, at).trim();
    if (members.length === MAX_FIELDS) throw tooManyFields();
    if (source !== '') members.push({ name: JSON.parse(STRING.exec(source)?.[0] ?? '""') as string, source });
    start = at + 1;
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') {
      depth += 1;
      if (depth === 1) start = at + 1;
    } else if (character === '}' || character === ']') {
      if (depth === 1) end(at);
      depth -= 1;
    } else if (character === ',' && depth === 1) end(at);
  }
  return members;
}

const STRING = /^"(?:[^"\\]|\\.)*"/;

/** The index of the closing quote. @param at the opening one */
function endOfString(text: string, at: number): number {
  let index = at + 1;
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index;
}

function utf8(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw refused('the body is not UTF-8');
  }
}

function tooManyFields(): Refusal {
  const why = `The credential of this host goes into the body, so the body may have at most ${MAX_FIELDS} fields.`;
  return new Refusal('body_too_large', why);
}

function refused(why: string): Refusal {
  return new Refusal('body_type', `The credential of this host goes into the body, and ${why}.`);
}
