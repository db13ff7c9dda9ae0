import type { ElicitRequestFormParams } from '@modelcontextprotocol/sdk/types.js';
import { isSecretName } from '../access/environments/secret-like.ts';
import { quoted } from './errors.ts';

type Question = Pick<ElicitRequestFormParams, 'message' | 'requestedSchema'>;
type Property = ElicitRequestFormParams['requestedSchema']['properties'][string];

/** More than is shown of anything. */
const READ = 1_000;

/** What people are asked for and variables are not named after. Words have `_` between them here and below. */
const ALSO_SECRET =
  /(?<![a-z0-9])(?:passcodes?|pins?_?(?:codes?|numbers?)|pin|[th]?otp|cvv2?|cvc2?|2fa|mfa|jwt|(?:ssh|signing|encryption|master|auth)_keys?|(?:verification|security|recovery|backup|login|one_time|auth|authentication|authenticator|authorization|sms)_codes?|(?:seed|recovery)_phrases?|(?:credit|debit|bank|payment)_card_numbers?)(?![a-z0-9])/;
/** Words that are those of secrets inside longer ones too, as in `dbpassword`. */
const WRITTEN_TOGETHER =
  /passw(?:or)?d(?!less)|passphrase|passcode|credential|(?:access|auth|api|bearer|refresh|bot)_?token|(?:client|app|webhook|signing)_?secret(?!ar)|(?:api|access|private|secret)_?keys?(?![a-z])/;

/** Amounts of a model's tokens. */
const AMOUNTS =
  /(?<![a-z0-9])(?:(?:number|numbers|count|amount|many|most|max|maximum|min|minimum|limit|total)_(?:of_)?(?:input_|output_)?tokens|tokens?_(?:limit|count|budget|amount|usage|length))(?![a-z0-9])/g;
/** Names of secrets, which are none themselves. */
const NAMES_OF =
  /(?<![a-z0-9])(?:names?_(?:of|for)_(?:(?:the|a|an|your|each|this)_)?(?:[a-z0-9]+_)?(?:secrets?|tokens?|credentials?|keys?)|(?:secrets?|tokens?|credentials?|keys?)_names?)(?![a-z0-9])/g;
/** In sentences these are ordinary words: `tests that pass`, `pin the version`. */
const ORDINARY =
  /\b(?:[Pp]ass(?:es)?|[Pp]at)\b|(?<!\b(?:your|a|card|security|sim) )\b[Pp]in\b(?![ -]?(?:code|number))/g;

const ASKED =
  /(?<![a-z0-9])(?:enter|paste|type|provide|give|send|share|tell|submit|supply|input|insert|write|fill|copy|reply|confirm_your|log_in|login|sign_in|authenticate|unlock|need|needs|require|requires|what_is|what_s|whats)_/g;
/** How many words stand between `paste` and `token` at most. */
const NEAR = 8;
/** A message of so few words names what it asks for: `API key, please`. */
const FEW = 4;

/**
 * Whether a server's question asks somebody to write down a secret. It would be stored readable, and go to somebody else. The protocol forbids
 * servers to ask for it by a form (https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#security-considerations).
 *
 * It knows English words, and does not understand sentences: a field whose description warns of passwords is taken for one that asks for them.
 */
export function asksForSecret({ message, requestedSchema }: Question): boolean {
  const written = Object.entries(requestedSchema.properties).filter(([, property]) => isWritten(property));
  return written.some(isForSecret) || (written.length > 0 && saysSo(message));
}

/** A yes or no and one of a list hold no secret. */
function isWritten(property: Property): boolean {
  return property.type !== 'boolean' && !(property.type === 'string' && ('enum' in property || 'oneOf' in property));
}

function isForSecret([name, property]: [string, Property]): boolean {
  const { type, title = '', description = '' } = property;
  const isNumber = type === 'number' || type === 'integer';
  const texts = [wordsOf(name), wordsOf(title), wordsOf(inSentence(description))];
  // Several tokens as a number are an amount of them. One may be the six digits of a device.
  return texts.some((words) => namesSecret(isNumber ? words.replace(/(?<![a-z0-9])tokens(?![a-z0-9])/g, '') : words));
}

function saysSo(message: string): boolean {
  const sentences = quoted(message, READ).split(/[.!?;](?=\s|$)/);
  return sentences.some((sentence) => {
    const words = wordsOf(inSentence(sentence));
    if (sentences.length <= 2 && words.split('_').length <= FEW && namesSecret(words)) return true;
    return [...words.matchAll(ASKED)].some(({ index, 0: verb }) =>
      namesSecret(
        words
          .slice(index + verb.length)
          .split('_', NEAR)
          .join('_'),
      ),
    );
  });
}

function namesSecret(words: string): boolean {
  const left = words.replace(AMOUNTS, '').replace(NAMES_OF, '');
  return isSecretName(left) || ALSO_SECRET.test(left) || WRITTEN_TOGETHER.test(left);
}

function inSentence(text: string): string {
  return visible(text).replace(ORDINARY, ' ');
}

/** `apiKey`, `API_KEY` and `API key` are the same words: `api_key`. */
function wordsOf(text: string): string {
  return visible(text)
    .replace(/([\p{Ll}\d])(\p{Lu})|(\p{Lu})(?=\p{Lu}\p{Ll})/gu, (_, before = '', after = '', last = '') =>
      last === '' ? `${before}_${after}` : `${last}_`,
    )
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_|_$/g, '');
}

/** As people read it: wide letters and accents as plain ones, without what is not seen. */
function visible(text: string): string {
  return quoted(text, READ)
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '');
}
