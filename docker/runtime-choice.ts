import type { Engine } from './engine.ts';
import { DockerError } from './errors.ts';

/** What runs the sandbox's programs: the kernel of the machine (runc), or gVisor between them and it (runsc). */
export type SandboxRuntimeName = 'runc' | 'runsc';
export type RuntimeSetting = 'auto' | SandboxRuntimeName;

export interface RuntimeWish {
  readonly setting: RuntimeSetting;
  /**
   * This runner serves people whose work matters (`BELLHOP_PRODUCTION=yes`). Then `auto` means gVisor, and runc has to be
   * asked for by its name.
   * @default false
   */
  readonly production?: boolean;
  /** Why the operator has chosen runc, in words (`BELLHOP_SANDBOX_RUNTIME_REASON`). */
  readonly reason?: string | undefined;
}

export interface RuntimeProbe {
  readonly runtime: SandboxRuntimeName;
  /** For the operator: what was taken and why. */
  readonly words: string;
  /** What is missing for gVisor, or for the choice of runc. Null when nothing is missing. */
  readonly fix: string | null;
}

const ADD_RUNSC =
  'install runsc and add {"runtimes":{"runsc":{"path":"/usr/local/bin/runsc","runtimeArgs":["--host-uds=open"]}}} to the engine\'s daemon.json';
const OPEN_SOCKETS =
  'add "--host-uds=open" to runtimeArgs of runsc in the engine\'s daemon.json, and restart the engine';
const SAY_WHY = 'say why in BELLHOP_SANDBOX_RUNTIME_REASON';
const CHOOSE_RUNC = 'or choose runc by BELLHOP_SANDBOX_RUNTIME=runc, and say why in BELLHOP_SANDBOX_RUNTIME_REASON';

/**
 * Which runtime sandboxes get. gVisor refuses the proxy's socket unless it runs with `--host-uds=open`, so an engine
 * without that counts as one without gVisor.
 *
 * - `runsc`: gVisor, or an error.
 * - `auto`: gVisor where the engine has it. Elsewhere runc; in production an error.
 * - `runc`: runc. In production the operator says why.
 *
 * @throws DockerError `RuntimeMissing`, with what to do
 */
export function probeRuntime(engine: Engine, { setting, production = false, reason }: RuntimeWish): RuntimeProbe {
  if (setting === 'runc') {
    const why = reason ?? (production ? 'no reason given' : undefined);
    return {
      runtime: 'runc',
      words: `runc, as set${why === undefined ? '' : `: ${why}`}`,
      fix: production && reason === undefined ? SAY_WHY : null,
    };
  }
  const runsc = engine.info.runtimes.find((runtime) => runtime.name === 'runsc');
  const opens = runsc?.args.some((arg) => /^--?host-uds=(open|all)$/.test(arg)) ?? false;
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
  if (production) {
    const words = `BELLHOP_PRODUCTION is yes, and ${lack}: ${fix}; ${CHOOSE_RUNC}`;
    throw new DockerError('RuntimeMissing', words);
  }
  return { runtime: 'runc', words: `runc: ${lack}`, fix };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The runtime that a runner's settings ask for. Their values are checked when the runner starts. */
export function runtimeWishOf(environment: Environment): RuntimeWish {
  return {
    setting: (environment.BELLHOP_SANDBOX_RUNTIME as RuntimeSetting | undefined) ?? 'auto',
    production: environment.BELLHOP_PRODUCTION === 'yes',
    reason: environment.BELLHOP_SANDBOX_RUNTIME_REASON || undefined,
  };
}
