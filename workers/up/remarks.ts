/** What there is to say about a step, one after the other. */
export function joined(...remarks: readonly (string | undefined)[]): string {
  return remarks.filter(Boolean).join('; ');
}
