/**
 * PostgreSQL stores neither NUL nor half a surrogate pair in text or jsonb, and both occur in command output and in
 * what models write. They become U+FFFD.
 */
export function storableText(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

/** The JSON of a value with every string in it made storable. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'string' ? storableText(part) : part)) ?? 'null';
}
