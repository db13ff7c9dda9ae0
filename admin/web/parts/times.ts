/** No line may break between a number and its unit. */
const SPACE = '\u00a0';

/** `840 ms`, `1.2 s`, `48 s`, `3 min 05 s`, with spaces that do not break. */
export function formatDuration(ms: number): string {
  if (ms < 950) return `${Math.max(0, Math.round(ms))}${SPACE}ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)}${SPACE}s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds}${SPACE}s`;
  return [Math.floor(seconds / 60), 'min', String(seconds % 60).padStart(2, '0'), 's'].join(SPACE);
}

/** Time of day with seconds, in the reader's time zone: `14:03:09`. */
export function formatClock(iso: string): string {
  return new Date(iso).toLocaleTimeString('en-GB');
}

/** `312 B`, `4.2 KB`, `1.1 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
