import type { Engine } from './engine.ts';
import type { ExecGate } from './exec-gate.ts';
import type { StarterPool } from './starter-pool.ts';

/** What every part of the sandbox runtime needs: the engine, and the installation whose sandboxes these are. */
export interface SandboxContext {
  readonly engine: Engine;
  readonly installation: string;
  /** From the code that also pauses these sandboxes. @default none, when nothing pauses them */
  readonly gate?: ExecGate;
}

/** For the work of a turn, which goes to starters that wait for it. */
export interface WorkingContext extends SandboxContext {
  readonly starters: StarterPool;
}
