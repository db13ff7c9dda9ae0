/**
 * Loaded before a child's own code (`node --import`) when `up` has secrets for it. The secrets come on a pipe and become variables of
 * this process. They are not given at its start, because `/proc/<pid>/environ` shows what a process was started with.
 */
import { readFileSync } from 'node:fs';

/** The first descriptor after stdin, stdout and stderr; see spawn-child.ts. */
const SECRETS_FD = 3;

Object.assign(process.env, JSON.parse(readFileSync(SECRETS_FD, 'utf8')) as Record<string, string>);
