/** Joins remarks about a step, and leaves out those that are undefined or empty. */
export function joined(...remarks: readonly (string | undefined)[]): string {
  return remarks.filter(Boolean).join('; ');
}
