/**
 * - `none`: events come now and then.
 * - `rising`: many come, since a moment. Storing and acknowledging them has the process for itself.
 * - `lasting`: many come, for longer than that.
 */
export type Crowd = 'none' | 'rising' | 'lasting';

export interface CrowdMeter {
  /** An event has come. */
  note(): void;
  seen(): Crowd;
}

/** More than so many events within this time are a crowd. */
const MANY = 20;
const WITHIN_MS = 500;
/** Most crowds are over by then: many people say something at the same moment. */
const RISING_MS = 1_000;
/** A crowd that comes sooner after the last one counts as the same. Otherwise one that comes and goes would rise for ever. */
const APART_MS = 2_000;

/** Tells how many of Slack's events come in just now. @param now milliseconds that never jump back */
export function createCrowdMeter(now: () => number): CrowdMeter {
  const times: number[] = [];
  /** Of the crowd that is there, or was there last. */
  let beganAt = Number.NEGATIVE_INFINITY;
  let seenAt = Number.NEGATIVE_INFINITY;

  const isThere = (at: number): boolean => times.length === MANY && at - (times[0] ?? 0) < WITHIN_MS;

  return {
    note() {
      const at = now();
      times.push(at);
      if (times.length > MANY) times.shift();
      if (!isThere(at)) return;
      if (at - seenAt > APART_MS) beganAt = at;
      seenAt = at;
    },
    seen() {
      const at = now();
      if (!isThere(at)) return 'none';
      return at - beganAt < RISING_MS ? 'rising' : 'lasting';
    },
  };
}
