/**
 * Runs a program that is not ours (PostgreSQL, Temporal, dockerd) and ties its life to `up`: `node guard.ts <JSON>`. It stops the
 * program by the program's own signal when it is asked to, and when `up` is gone (see leash.ts, which is loaded before).
 */
import { spawn } from 'node:child_process';
import type { GuardedProgram } from './guarded-program.ts';

const text = process.argv[2];
if (!text) throw new Error('guard.ts takes one argument: the program as JSON');
const program = JSON.parse(text) as GuardedProgram;

const child = spawn(program.command, [...program.args], {
  // Its words go to the log; our stdout is for the ready line alone.
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
