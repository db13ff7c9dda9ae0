import type { Engine, EngineRuntime } from '../../../docker/engine.ts';
import { probeRuntime, runtimeWishOf } from '../../../docker/runtime-choice.ts';

const engineWith = (...runtimes: EngineRuntime[]) => ({ info: { runtimes } }) as unknown as Engine;
const runsc = (...args: string[]): EngineRuntime => ({ name: 'runsc', args, shim: false });

test('auto takes gVisor where the engine has it with open sockets, and says so', () => {
  expect(probeRuntime(engineWith(runsc('--host-uds=open')), { setting: 'auto' })).toMatchObject({
    runtime: 'runsc',
    fix: null,
  });
  expect(probeRuntime(engineWith(runsc('--network=none', '-host-uds=all')), { setting: 'auto' })).toMatchObject({
    runtime: 'runsc',
  });
});

test('auto takes runc otherwise, and says what lacks', () => {
  expect(probeRuntime(engineWith(), { setting: 'auto' })).toMatchObject({
    runtime: 'runc',
    words: 'runc: the engine has no gVisor (runsc)',
  });
  const closed = probeRuntime(engineWith(runsc()), { setting: 'auto' });
  expect(closed).toMatchObject({ runtime: 'runc', words: expect.stringContaining('without --host-uds=open') });
  expect(closed.fix).toContain('daemon.json');
});

test('runsc as a setting is an error where it cannot work, and runc as a setting is always taken', () => {
  expect(() => probeRuntime(engineWith(runsc()), { setting: 'runsc' })).toThrow('without --host-uds=open');
  expect(() => probeRuntime(engineWith(), { setting: 'runsc' })).toThrow('no gVisor');
  expect(probeRuntime(engineWith(runsc('--host-uds=open')), { setting: 'runc' }).runtime).toBe('runc');
});

test('a shim whose options cannot be read is trusted only when it is set', () => {
  const shim: EngineRuntime = { name: 'runsc', args: [], shim: true };
  expect(probeRuntime(engineWith(shim), { setting: 'auto' }).runtime).toBe('runc');
  expect(probeRuntime(engineWith(shim), { setting: 'runsc' })).toMatchObject({
    runtime: 'runsc',
    words: expect.stringContaining('cannot be read'),
  });
});

test('in production auto is gVisor or an error that names both ways on', () => {
  const production = { setting: 'auto', production: true } as const;
  expect(probeRuntime(engineWith(runsc('--host-uds=open')), production).runtime).toBe('runsc');
  expect(() => probeRuntime(engineWith(), production)).toThrow(
    /no gVisor.*install runsc.*BELLHOP_SANDBOX_RUNTIME=runc/,
  );
  expect(() => probeRuntime(engineWith(runsc()), production)).toThrow(/without --host-uds=open/);
});

test('in production runc is taken when it is asked for, with the reason that was given, or a word that none was', () => {
  const chosen = (reason?: string) => probeRuntime(engineWith(), { setting: 'runc', production: true, reason });
  expect(chosen('no nested virtualization on these machines')).toEqual({
    runtime: 'runc',
    words: 'runc, as set: no nested virtualization on these machines',
    fix: null,
  });
  expect(chosen()).toMatchObject({
    runtime: 'runc',
    words: 'runc, as set: no reason given',
    fix: expect.stringContaining('BELLHOP_SANDBOX_RUNTIME_REASON'),
  });
});

test('production is what the settings say it is, and nothing is guessed', () => {
  expect(runtimeWishOf({ SLACK_BOT_TOKEN: 'xoxb', NODE_ENV: 'production' })).toEqual({
    setting: 'auto',
    production: false,
    reason: undefined,
  });
  const settings = { BELLHOP_PRODUCTION: 'yes', BELLHOP_SANDBOX_RUNTIME: 'runc', BELLHOP_SANDBOX_RUNTIME_REASON: 'x' };
  expect(runtimeWishOf(settings)).toEqual({ setting: 'runc', production: true, reason: 'x' });
});
