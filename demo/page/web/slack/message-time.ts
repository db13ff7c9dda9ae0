/** A message's `ts` as a time of day, in the reader's time zone. */
export function timeOf(ts: string): string {
  return new Date(Number(ts.split('.')[0]) * 1_000).toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
  });
}
