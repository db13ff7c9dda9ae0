import type { Task } from './task.ts';
import { limits } from './tasks/limits.ts';
import { making } from './tasks/making.ts';
import { manners } from './tasks/manners.ts';
import { reading } from './tasks/reading.ts';

/** All tasks, in the order in which they are played. */
export const TASKS: readonly Task[] = [...reading, ...making, ...limits, ...manners];
