import type { Engine, EngineRuntime } from '../../../docker/engine.ts';
import { probeRuntime } from '../../../docker/runtime-choice.ts';

const engineWith = (...runtimes: EngineRuntime[]) => ({ info: { runtimes } }) as unknown as Engine;
const runsc = (...args: string[]): EngineRuntime => ({ name: 'runsc', args, shim: false });

test('auto takes gVisor where the engine has it with open sockets, and says so', () => {
  expect(probeRuntime(engineWith(runsc('--host-uds=open')), 'auto')).toMatchObject({ runtime: 'runsc', fix: null });
  expect(probeRuntime(engineWith(runsc('--network=none', '-host-uds=all')), 'auto')).toMatchObject({
    runtime: 'runsc',
  });
});

test('auto takes runc otherwise, and says what lacks', () => {
  expect(probeRuntime(engineWith(), 'auto')).toMatchObject({
    runtime: 'runc',
    words: 'runc: the engine has no gVisor (runsc)',
  });
  const closed = probeRuntime(engineWith(runsc()), 'auto');
  expect(closed).toMatchObject({ runtime: 'runc', words: expect.stringContaining('without --host-uds=open') });
  expect(closed.fix).toContain('daemon.json');
});

test('runsc as a setting is an error where it cannot work, and runc as a setting is always taken', () => {
  expect(() => probeRuntime(engineWith(runsc()), 'runsc')).toThrow('without --host-uds=open');
  expect(() => probeRuntime(engineWith(), 'runsc')).toThrow('no gVisor');
  expect(probeRuntime(engineWith(runsc('--host-uds=open')), 'runc').runtime).toBe('runc');
});

test('a shim whose options cannot be read is trusted only when it is set', () => {
  const shim: EngineRuntime = { name: 'runsc', args: [], shim: true };
  expect(probeRuntime(engineWith(shim), 'auto').runtime).toBe('runc');
  expect(probeRuntime(engineWith(shim), 'runsc')).toMatchObject({
    runtime: 'runsc',
    words: expect.stringContaining('cannot be read'),
  });
});
