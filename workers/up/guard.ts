/**
 * `node guard.ts <JSON>`: runs a program that is not ours (PostgreSQL, Temporal, dockerd) and ends it together with `up`. It stops the
 * program by the program's own signal: when it is asked to, and when `up` is gone (leash.ts, which is loaded before it, notices that).
 */
import { spawn } from 'node:child_process';
import type { GuardedProgram } from './guarded-program.ts';

const text = process.argv[2];
if (!text) throw new Error('guard.ts takes one argument: the program as JSON');
const program = JSON.parse(text) as GuardedProgram;

const child = spawn(program.command, [...program.args], {
  // Both of its outputs go to the log. Our own stdout is only for the ready line.
  stdio: ['ignore', 2, 2],
  cwd: program.cwd,
  uid: program.uid,
  gid: program.gid,
});

let stopping = false;
function stop(): void {
  if (stopping) return;
  stopping = true;
  child.kill(program.stopSignal);
  setTimeout(() => child.kill('SIGKILL'), program.stopWithinMs).unref();
}

process.on('SIGTERM', stop);
process.on('SIGINT', stop);
child.on('error', (error) => {
  process.stderr.write(`${program.command}: ${error.message}\n`);
  process.exitCode = 127;
});
child.on('exit', (code, signal) => {
  process.exit(stopping ? 0 : (code ?? (signal ? 1 : 0)));
});
