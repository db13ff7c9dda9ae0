/**
 * Loaded before a child's own code (`node --import`) when `up` has secrets for it: they come on a pipe and become variables of this
 * process alone, for what a process was started with can be read in `/proc/<pid>/environ`.
 */
import { readFileSync } from 'node:fs';

/** The first that stdin, stdout and stderr leave; see spawn-child.ts. */
const SECRETS_FD = 3;

Object.assign(process.env, JSON.parse(readFileSync(SECRETS_FD, 'utf8')) as Record<string, string>);
