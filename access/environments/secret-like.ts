/** Words of names that only secrets have. `_`, `-` or an end stand around each. */
const NAMES =
  /(?:^|[_-])(?:secrets?|tokens?|passw(?:or)?d|passphrase|pwd|pass|credentials?|api[_-]?keys?|access[_-]?keys?|private[_-]?keys?|secret[_-]?keys?|pat)(?:$|[_-])/i;

/**
 * A JSON Web Token, with the letters and dashes before it. Every `eyJ` of a long word could begin one, and a search from
 * each to the end of the word would take a second for 40,000 letters. Therefore it begins at the start of a word only, and
 * looks at once whether a second part follows the word.
 */
const JSON_WEB_TOKEN =
  /(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]{8,}\.)[A-Za-z0-9_-]*?\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\./;

/** How tokens of known services begin, or a part that only they have. None begins a search to the end at every letter. */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY/, 'a private key'],
  [/\b(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{10,}/, 'a token of GitHub'],
  [/\bgl(?:pat|dt|rt|cbt|ptt|soat)-[A-Za-z0-9_-]{10,}/, 'a token of GitLab'],
  [/\bx(?:ox[abeoprs]|app)-[A-Za-z0-9-]{8,}/, 'a token of Slack'],
  [/\bsk-[A-Za-z0-9_-]{16,}/, 'a key of a model vendor'],
  [/\b[rs]k_(?:live|test)_[A-Za-z0-9]{8,}/, 'a key of Stripe'],
  [/\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{12,}/, 'a key of AWS'],
  [/\bAIza[A-Za-z0-9_-]{30,}/, 'a key of Google'],
  [/\bya29\.[A-Za-z0-9_-]{10,}/, 'a token of Google'],
  [JSON_WEB_TOKEN, 'a JSON Web Token'],
  [/\bnpm_[A-Za-z0-9]{20,}/, 'a token of npm'],
  [/\bpypi-[A-Za-z0-9_-]{20,}/, 'a token of PyPI'],
  [/\bhf_[A-Za-z0-9]{20,}/, 'a token of Hugging Face'],
  [/\bSG\.[A-Za-z0-9_-]{10,}\./, 'a key of SendGrid'],
  [/\bwhsec_[A-Za-z0-9]{10,}/, 'a signing secret'],
  [/\b(?:lin_api_|secret_|ntn_|dop_v1_|shpat_|sntrys_)[A-Za-z0-9_]{16,}/, 'a token of a service'],
  [/\bBearer\s+[A-Za-z0-9._~+/-]{8,}/i, 'a bearer token'],
  [/[a-z0-9+.-]:\/\/[^\s/:@]*:[^\s/@]+@/i, 'a password in a URL'],
];

/** Forms of {@link KNOWN} that ordinary words have too. A file is searched for them in a narrower form. */
const LIKE_WORDS: readonly string[] = ['a bearer token', 'a password in a URL', 'a token of a service'];
const NARROWER: typeof KNOWN = [
  [/\b(?:lin_api_|ntn_|dop_v1_|shpat_|sntrys_)[A-Za-z0-9_]{16,}/, 'a token of a service'],
];
const IN_TEXT = [...KNOWN.filter(([, what]) => !LIKE_WORDS.includes(what)), ...NARROWER].map(
  ([pattern, what]) => [new RegExp(pattern.source, 'g'), what] as const,
);

/**
 * What of a known form stands in a text that may be prose, such as `a token of GitHub`. Null without one. A token has
 * digits, and `pypi-mirror-of-the-organization` has none. Random letters are no sign here: commits and digests are such.
 */
export function knownToken(text: string): string | null {
  for (const [pattern, what] of IN_TEXT) {
    for (const [found] of text.matchAll(pattern)) if (/\d/.test(found) || found.startsWith('-----')) return what;
  }
  return null;
}

/** The whole of a token where the forms above name only how it begins. */
const WHOLE = IN_TEXT.map(
  ([pattern, what]) =>
    [
      what === 'a private key'
        ? /-----BEGIN [A-Z ]*PRIVATE KEY[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g
        : new RegExp(`(?:${pattern.source})[A-Za-z0-9_.+/=~-]*`, 'g'),
      what,
    ] as const,
);

/** The text with each token of a known form replaced. @param insteadOf gets what it looks like, `a token of GitHub` */
export function replaceTokens(text: string, insteadOf: (what: string) => string): string {
  return WHOLE.reduce(
    (left, [pattern, what]) =>
      left.replace(pattern, (found) => (/\d/.test(found) || found.startsWith('-----') ? insteadOf(what) : found)),
    text,
  );
}

/** Long enough for a key, and short enough that a compressed file in a variable is not searched for ever. */
const WORD = /[A-Za-z0-9+_=-]{24,512}/g;
/** Random letters and digits have some 4.5 bits a letter at this length, hexadecimal digits 3.7, words 3.5 and less. */
const RANDOM_BITS = 3.9;
const RANDOM_LETTERS_BITS = 4.4;
const RANDOM_HEX_BITS = 3.2;

/**
 * Why a variable of an environment looks like a secret, or null. Variables are in the access file, in images and before the
 * model's eyes; secrets belong to connections. Some values are refused
 * that are no secret. Another name for the variable helps then, or a script that writes the value into a file.
 */
export function secretLike(name: string, value: string): string | null {
  if (
    isSecretName(name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')) &&
    !/^(?:|true|false|yes|no|on|off|\d{1,6})$/i.test(value)
  ) {
    return 'its name is that of a secret';
  }
  const known = KNOWN.find(([pattern]) => pattern.test(value));
  if (known) return `its value looks like ${known[1]}`;
  return [...value.matchAll(WORD)].some(([word]) => isRandom(word)) ? 'its value looks random, as keys are' : null;
}

/** Whether one of the words of a name is one that only secrets have. @param name with `_` or `-` between its words */
export function isSecretName(name: string): boolean {
  return NAMES.test(name);
}

function isRandom(word: string): boolean {
  if (/^[0-9a-f]+$/i.test(word)) return word.length >= 32 && bitsPerLetter(word.toLowerCase()) > RANDOM_HEX_BITS;
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/].filter((kind) => kind.test(word)).length;
  // Even a random word may lack a digit. Names in CamelCase always do.
  return bitsPerLetter(word) > (kinds === 3 ? RANDOM_BITS : RANDOM_LETTERS_BITS);
}

/** Shannon's entropy of the letters. */
function bitsPerLetter(word: string): number {
  const counts = new Map<string, number>();
  for (const letter of word) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / word.length) * Math.log2(count / word.length), 0);
}
