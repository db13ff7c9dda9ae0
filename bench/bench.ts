import type { Figure } from './figures.ts';
import { reaction } from './reaction.ts';
import { requests } from './requests.ts';
import { sandbox } from './sandbox.ts';
import type { BenchStage } from './stage.ts';
import { start } from './start.ts';
import { turn } from './turn.ts';

/** One measured comparison. */
export interface Bench {
  readonly name: string;
  /** For people, in one line. */
  readonly what: string;
  run(stage: BenchStage): Promise<readonly Figure[]>;
}

/** In the order they run. */
export const BENCHES: readonly Bench[] = [reaction, sandbox, turn, requests, start];
