/**
 * Replaces NUL and unpaired surrogates by U+FFFD. PostgreSQL cannot store them in text or jsonb, and both occur in the
 * output of commands and models.
 */
export function storableText(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

/** The JSON of a value with every string in it made storable. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'string' ? storableText(part) : part)) ?? 'null';
}
