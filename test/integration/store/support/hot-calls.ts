import { ACCESS_CALLS } from './hot-access.ts';
import type { Call } from './hot-inputs.ts';
import { MESSAGE_CALLS } from './hot-messages.ts';
import { WORK_CALLS } from './hot-work.ts';

/**
 * Every function of the store that is called again and again, with what it is typically called with. The name is that of its file
 * and the function. A new function has to be in one of these three, or in `NOT_HOT`.
 */
export const HOT_CALLS: Readonly<Record<string, Call>> = { ...MESSAGE_CALLS, ...WORK_CALLS, ...ACCESS_CALLS };
