/** `later`: not there yet, and `bellhop up` provides it. */
export type FindingState = 'ok' | 'warn' | 'later' | 'missing';

/** One requirement, as `bellhop doctor` shows it. */
export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly state: FindingState;
  readonly detail: string;
  /** What to do; absent when there is nothing to do. */
  readonly fix?: string;
}

export type Check = () => Promise<Finding | Finding[]>;
