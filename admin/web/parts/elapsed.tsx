import { useEffect, useState } from 'react';
import { formatDuration } from './times.ts';

const TICK_MS = 100;

export interface ElapsedProps {
  /** ISO 8601. */
  readonly from: string;
  /** ISO 8601; null while it lasts. */
  readonly to: string | null;
}

/** How long something took, or has taken so far. */
export function Elapsed({ from, to }: ElapsedProps) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (to !== null) return;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [to]);
  return <span className="elapsed">{formatDuration((to === null ? now : Date.parse(to)) - Date.parse(from))}</span>;
}
