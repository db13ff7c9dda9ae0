import type { Figure } from './figures.ts';
import type { BenchStage } from './stage.ts';

/** One measured comparison. */
export interface Bench {
  readonly name: string;
  /** For people, in one line. */
  readonly what: string;
  run(stage: BenchStage): Promise<readonly Figure[]>;
}
