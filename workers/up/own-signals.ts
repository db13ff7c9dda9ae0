import type { Logger } from 'pino';
import { parseSignalsAddress, serveSignals } from '../signals/serve-signals.ts';
import { createSignals } from '../signals/signals.ts';
import type { Supervisor } from './supervisor.ts';

/** Serves what `up` itself can tell: which of its processes run, and how often each was started again. */
export function serveOwnSignals(address: string, supervisor: Supervisor, log: Logger): AsyncDisposable {
  const signals = createSignals();
  const ofEach = (name: string, help: string, figure: (each: ReturnType<Supervisor['view']>[number]) => number) =>
    signals.gauge({ name, help, labels: ['process'] }, () =>
      supervisor.view().map((each) => ({ labels: { process: each.name }, value: figure(each) })),
    );
  ofEach('bellhop_process_running', '1 while a process of `bellhop up` can be used', ({ state }) =>
    state === 'running' ? 1 : 0,
  );
  ofEach('bellhop_process_restarts', 'How often a process was started again', ({ restarts }) => restarts);
  signals.check('processes', async () => {
    const lame = supervisor.view().filter(({ state }) => state !== 'running');
    if (lame.length > 0) throw new Error(lame.map(({ name, state }) => `${name} is ${state}`).join(', '));
  });
  const at = parseSignalsAddress(address);
  const stop = at ? serveSignals('up', at, signals, log) : async () => {};
  return { [Symbol.asyncDispose]: stop };
}
