/**
 * A small `up` that the test kills or freezes: one process of ours, which is asked whether it lives, and one program that is not ours.
 * Prints the pids that it started.
 */
import path from 'node:path';
import { guarded } from '../../../workers/up/guarded-program.ts';
import { createSupervisor } from '../../../workers/up/supervisor.ts';

const folder = process.argv[2] ?? '';
const supervisor = createSupervisor({ logs: folder, children: folder, onChange: () => {}, log: () => {} });
const common = { env: { PATH: process.env.PATH ?? '' }, readyWithinMs: 10_000 };
const script = path.join(import.meta.dirname, 'steady.ts');
const liveness = { ask: 'event-loop', everyMs: 400, silentMs: 2_000 } as const;
await supervisor.start({ ...common, name: 'own', script, liveness, readiness: 'line', stopWithinMs: 5_000 });
const program = { command: 'sleep', args: ['644'], cwd: '/', stopSignal: 'SIGINT', stopWithinMs: 5_000 } as const;
await supervisor.start(guarded(program, { ...common, name: 'foreign', probe: async () => {} }));
process.stdout.write(`${JSON.stringify(supervisor.view().map(({ pid }) => pid))}\n`);
setInterval(() => {}, 60_000);
