import type { Engine } from './engine.ts';
import { DockerError } from './errors.ts';

/** What runs the sandbox's programs: the kernel of the machine (runc), or gVisor between them and it (runsc). */
export type SandboxRuntimeName = 'runc' | 'runsc';
export type RuntimeSetting = 'auto' | SandboxRuntimeName;

export interface RuntimeProbe {
  readonly runtime: SandboxRuntimeName;
  /** For the operator: what was taken and why. */
  readonly words: string;
  /** What would have to be done for gVisor; null where it is in use. */
  readonly fix: string | null;
}

const ADD_RUNSC =
  'install runsc and add {"runtimes":{"runsc":{"path":"/usr/local/bin/runsc","runtimeArgs":["--host-uds=open"]}}} to the engine\'s daemon.json';
const OPEN_SOCKETS =
  'add "--host-uds=open" to runtimeArgs of runsc in the engine\'s daemon.json, and restart the engine';

/**
 * Which runtime sandboxes get. gVisor refuses the proxy's socket unless it runs with `--host-uds=open`, so without
 * that `auto` passes it over and `runsc` is an error.
 */
export function probeRuntime(engine: Engine, setting: RuntimeSetting): RuntimeProbe {
  const runsc = engine.info.runtimes.find((runtime) => runtime.name === 'runsc');
  const opens = runsc?.args.some((arg) => /^--?host-uds=(open|all)$/.test(arg)) ?? false;
  if (setting === 'runc') return { runtime: 'runc', words: 'runc, as set', fix: null };
  if (runsc && (opens || (runsc.shim && setting === 'runsc'))) {
    const unread = runsc.shim ? '; its options are in a file of the engine that cannot be read from here' : '';
    const why = setting === 'auto' ? 'the engine has it' : 'as set';
    return { runtime: 'runsc', words: `gVisor (runsc), ${why}${unread}`, fix: null };
  }
  const lack = runsc
    ? 'the engine has gVisor (runsc), though without --host-uds=open'
    : 'the engine has no gVisor (runsc)';
  const fix = runsc ? OPEN_SOCKETS : ADD_RUNSC;
  if (setting === 'runsc') throw new DockerError('RuntimeMissing', `the setting is runsc, but ${lack}: ${fix}`);
  return { runtime: 'runc', words: `runc: ${lack}`, fix };
}
