import { replaceTokens } from '../../access/environments/secret-like.ts';

/** What stands where a token was. A person who writes the same words gets the warning too, and nothing else happens. */
const REMOVED = /\[removed: this looked like [a-zA-Z ]{1,40}\]/g;

/**
 * A message without tokens of known forms. What people write is stored, and the model reads it; a token belongs in
 * neither. Therefore it is taken out before anything else is done with the message.
 */
export function removeTokens(text: string): string {
  return replaceTokens(text, (what) => `[removed: this looked like ${what}]`);
}

/** Whether {@link removeTokens} took something out. */
export function holdsRemovedToken(text: string): boolean {
  return text.search(REMOVED) >= 0;
}

/** What is left beside the tokens. */
export function withoutRemovedTokens(text: string): string {
  return text.replace(REMOVED, ' ').trim();
}
