/**
 * Recognises headers and query parameters that carry credentials. Services keep inventing names, and write them apart
 * (`X-Api-Key`), run together (`XApiKey`) or with the name of the service in front (`X-RapidAPI-Key`). So a name is
 * judged by the words in it, wherever they begin. The headers of the connections themselves are known by name
 * (own-credentials.ts).
 */

/** Says "credential" in the middle of a longer word too: `xsecret`, `userpassword`. */
const TELLING = 'bearer|credential|jwt|pass(?:code|phrase|wd|word)|secret(?!ar)|signature(?!s)';
/** Keys that open something, as opposed to keys under which something is stored. */
const OPENING_KEYS =
  '(?:access|account|admin|api|app|application|auth|client|consumer|dev|developer|functions|license|master|private|' +
  'secret|service|shared|signing|subscription)-?key';

/** `author` tells nothing, `authtoken` and `authorized` do. */
const HEADER_PARTS = new RegExp(
  `${TELLING}|auth(?!or(?!i[sz]))|cookie|sess(?:ion)?-?id|token(?!s(?:-|$)|i[sz])|${OPENING_KEYS}`,
);
/** Says "credential" only as a word of its own. */
const HEADER_WORDS = /(?:^|-)(?:2fa|dpop|hmac|mfa|otp|pass(?!-?through)|pat|pwd|session|sig|sign|totp)(?:-|$)/;
/** A key is a credential unless the word before it says that it names, sorts or encrypts something. */
const HEADER_KEY =
  /(?:^|(?<!(?:^|-)(?:cache|customer|dedup|deduplication|encryption|idempotency|kms|message|partition|public|routing|sort|surrogate|websocket))-)key(?:-|$)/;
/** Headers that carry credentials although no word of their name says so. */
const NAMED: ReadonlySet<string> = new Set(['x-honeycomb-team', 'x-jfrog-art-api']);
/**
 * Headers by which a credential acts for somebody else, at services that let it: Kubernetes, Box, Dropbox, Zendesk, Dynamics,
 * Elasticsearch, Redmine, and those behind a proxy that logs people in.
 */
const FOR_ANOTHER =
  /^(?:as-user|callerobjectid|dropbox-api-select-(?:admin|user)|es-security-runas-user|impersonate-.+|mscrmcallerid|(?:x-)?remote-user|x-on-behalf-of|x-redmine-switch-user)$/;
/** Headers that only sound like credentials: they name a conversation, a lock, a wish, or the next page of a list. */
const HARMLESS =
  /^(?:lock-token|mcp-session-id|x-atlassian-token|x-ms-session-token)$|(?:^|-)(?:continuation|next|page|sync)-?token$/;

/**
 * How the names of query parameters end, without anything but letters and digits. What comes behind makes another thing
 * of them: `secret_type` and `signature_version` are no credentials.
 */
const PARAMETER_ENDS = new RegExp(
  `(?:auth|bearer|credentials?|jwt|pass(?:code|phrase|wd|word)|secret(?:accesskey|id|value)?|signature|token|` +
    `(?:j|php)sess(?:ion)?id|${OPENING_KEYS}(?:id)?)$|^oauth`,
);
/** Whole query parameters. Many harmless ones have a word of these in them, as `authuser` and `design` do. */
const PARAMETERS: ReadonlySet<string> = new Set([
  'accessid',
  'assertion',
  'authcode',
  'authdata',
  'authhash',
  'authheader',
  'authentication',
  'authorisation',
  'authorization',
  'authticket',
  'clientassertion',
  'cookie',
  'googleaccessid',
  'hmac',
  'otp',
  'pass',
  'pat',
  'pwd',
  'samlresponse',
  'sig',
  'sign',
  'totp',
  'userpass',
]);
/** Tokens in a query that open nothing: a place in a list, a number against doubles, a mark in a text, a device. */
const HARMLESS_TOKENS =
  /(?:apns|authenticity|bos|change|changes|client|clientrequest|consistency|continuation|csrf|cursor|delta|device|eos|fcm|idempotency|list|mask|max|min|next|nextpage|pad|page|pagination|poll|prev|previous|prevpage|push|request|resume|scroll|search|skip|start|starting|startpage|stop|sync|watch|xsrf)token$/;
/** Whether something is to be shown. */
const SWITCH = /^(?:hide|include|show)/;

/** @param key in the form of `headerKey` */
export function isCredentialHeader(key: string): boolean {
  if (HARMLESS.test(key)) return false;
  return HEADER_PARTS.test(key) || HEADER_WORDS.test(key) || HEADER_KEY.test(key) || NAMED.has(key);
}

/** Whether a header says for whom a credential acts. A connection acts for nobody but itself. @param key in the form of `headerKey` */
export function actsForAnother(key: string): boolean {
  return FOR_ANOTHER.test(key);
}

/**
 * @param name as it stands in the query. Origins decode it; some end it at `[` or a NUL, some read what stands in
 * brackets as a name, and some read `.` as `_`, so all of these spellings count.
 */
export function isCredentialParameter(name: string): boolean {
  const decoded = name.replace(/%([0-9A-F]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  const whole = decoded.toLowerCase();
  if (!/[[\0]/.test(whole)) return isCredentialName(lettersOf(whole));
  return [whole, whole.replace(/(?<=.)\0.*$/s, ''), whole.replace(/(?<=.)[[\0].*$/s, '')].some((each) =>
    isCredentialName(lettersOf(each)),
  );
}

function lettersOf(name: string): string {
  return name.replace(/[^a-z0-9]/g, '');
}

/** Some forms number their fields: `password1`. A loop, because an expression for it looks at every run of digits to its end. */
function withoutNumber(name: string): string {
  let end = name.length;
  while (end > 1 && /[0-9]/.test(name.charAt(end - 1))) end -= 1;
  return name.slice(0, end);
}

/** @param name in lower-case letters and digits */
function isCredentialName(name: string): boolean {
  if (name === '') return false;
  const word = withoutNumber(name);
  if (HARMLESS_TOKENS.test(word) || SWITCH.test(word)) return false;
  return PARAMETER_ENDS.test(word) || PARAMETERS.has(word);
}
