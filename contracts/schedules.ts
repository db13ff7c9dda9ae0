/** Every Schedule of ours in Temporal carries this before its name, so that others' are left alone. */
export const SCHEDULE_PREFIX = 'bellhop:';

/** The id in Temporal of the schedule that the access file calls `name`. */
export function scheduleIdOf(name: string): string {
  return `${SCHEDULE_PREFIX}${name}`;
}
