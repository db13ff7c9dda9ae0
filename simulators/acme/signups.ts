export interface SignupRow {
  /** UTC date, `2026-11-16`. */
  readonly day: string;
  readonly signups: number;
}

const DAY = 86_400_000;
/** Monday to Sunday: a business that sleeps at weekends. */
const WEEK_SHAPE = [164, 191, 203, 187, 152, 68, 59];

/** The seven whole days before `now`, oldest first. The same day has the same number whenever it is asked for. */
export function lastWeek(now: Date): SignupRow[] {
  const today = Math.floor(now.getTime() / DAY);
  return Array.from({ length: 7 }, (_, index) => {
    const dayNumber = today - 7 + index;
    // 1970-01-01 was a Thursday.
    const weekday = (dayNumber + 3) % 7;
    const wobble = ((dayNumber * 2_654_435_761) >>> 0) % 31;
    return {
      day: new Date(dayNumber * DAY).toISOString().slice(0, 10),
      signups: (WEEK_SHAPE[weekday] ?? 100) + wobble,
    };
  });
}
