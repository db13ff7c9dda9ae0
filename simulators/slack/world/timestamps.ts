export type TimestampSource = () => string;

/**
 * Message timestamps as Slack writes them: seconds, a point and six digits, unique and increasing in the workspace.
 * @param now milliseconds since 1970
 * @param after the greatest timestamp given out before, if any
 */
export function createTimestamps(now: () => number, after: string | null): TimestampSource {
  let last = after === null ? 0n : BigInt(after.replace('.', ''));
  return () => {
    const clock = BigInt(now()) * 1000n;
    last = clock > last ? clock : last + 1n;
    const digits = last.toString().padStart(16, '0');
    return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
  };
}

/**
 * For sorting, oldest first. Timestamps are numbers with more digits than a double keeps, so they are compared as
 * whole numbers.
 */
export function compareTs(a: string, b: string): number {
  const [left, right] = [BigInt(a.replace('.', '')), BigInt(b.replace('.', ''))];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Whether a string has the form of a message timestamp. */
export function isTs(value: string): boolean {
  return /^\d{9,11}\.\d{6}$/.test(value);
}
