import { headerKey } from '../../access/header-names.ts';

/**
 * What is overwritten where a host repeats a header that was attached: its value, and the parts that services take out of
 * it. A service that parses `Bearer abc`, a cookie or a login shows the part alone.
 */
export function hiddenOf(value: string): string[] {
  const [, scheme = '', rest = ''] = /^(\S+) +(\S.*)$/s.exec(value) ?? [];
  return [...new Set([value, ...(rest === '' ? [] : behindScheme(scheme, rest)), ...namedIn(value)])];
}

/**
 * Whether a header, a cookie or a parameter only says which account it is. Answers are full of that, so it is not
 * overwritten: `X-Auth-Email`.
 */
export function namesAccount(name: string): boolean {
  return /(?:mail|login|user(?:-?(?:id|name))?)$/.test(headerKey(name));
}

/**
 * The password of `user:password`, or the user where a service takes its key as the user and anything as the password.
 * Otherwise the user is no secret, and answers are full of it.
 */
export function passwordsIn(pair: string): string[] {
  const [, user = pair, password = ''] = /^([^:]*):(.*)$/s.exec(pair) ?? [];
  return [FILLER.test(password) ? user : password].filter(isNoWord);
}

/** What is written as the password beside a key that is the user. */
const FILLER = /^(?:x*|-+|x-oauth-(?:basic|token)|api[-_]?(?:key|token)|token|anything|ignored|none|null|unused)$/i;

function behindScheme(scheme: string, rest: string): string[] {
  const pair = scheme.toLowerCase() === 'basic' ? Buffer.from(rest, 'base64').toString('utf8') : rest;
  return pair.includes(':') ? [rest, ...passwordsIn(pair)] : [rest];
}

/** Cookies, and schemes with parameters: `session=abc`, `Token token="abc"`. Some services read them percent-decoded. */
function namedIn(value: string): string[] {
  return [...value.matchAll(/(?<![^\s;,="])([^\s;,="]+)=(?:"([^"]*)"|([^\s;,"]+))/g)]
    .filter(([, name = '']) => !namesAccount(name))
    .flatMap(([, , quoted, plain]) => withDecoded(quoted ?? plain ?? ''))
    .filter(isNoWord);
}

function withDecoded(text: string): string[] {
  try {
    return [text, decodeURIComponent(text)];
  } catch {
    return [text];
  }
}

/** Overwriting a plain word would spoil answers that have it for another reason, and nobody needs an answer to guess it. */
function isNoWord(text: string): boolean {
  return /[0-9]/.test(text) && /[A-Za-z]/.test(text);
}
