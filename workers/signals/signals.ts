import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { StateChange } from '../../contracts/state-changes.ts';
import { orLate } from '../../contracts/within.ts';

/** How long a scrape waits for one gauge, and a probe for one check. */
const READ_WITHIN_MS = 3_000;

export type Labels = Readonly<Record<string, string>>;

/** One value of a gauge, with its labels. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/** Name, what it says, and the labels that its values carry. */
export interface MetricName {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** What a process tells of itself: metrics for Prometheus, and checks that say whether it can work. */
export interface Signals {
  /**
   * A value that is read at each scrape. When it cannot be read, the metric is missing from that scrape: a zero would say that all
   * is well.
   */
  gauge(metric: MetricName, read: () => Promise<readonly Sample[]> | readonly Sample[]): void;
  /** Returns how to add to a counter. */
  counter(metric: MetricName): (labels: Labels, by?: number) => void;
  /** Returns how to add a duration, in seconds, to a histogram. */
  histogram(metric: MetricName, buckets: readonly number[]): (labels: Labels, seconds: number) => void;
  /** Something this process needs to work. Rejects while it is not there. */
  check(name: string, ask: () => Promise<unknown>): void;
  countChange(change: StateChange): void;
  countDropped(lines: number): void;
  /** All metrics in Prometheus' text format. */
  text(): Promise<string>;
  /** Asks every check; null stands for one that passed, else its reason. */
  health(): Promise<Readonly<Record<string, string | null>>>;
}

export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/**
 * The signals of one process. Each process has its own registry, with Node's own figures (memory, CPU, lag of the event loop).
 *
 * @example
 * const signals = createSignals();
 * signals.gauge({ name: 'bellhop_inbox_waiting', help: 'Rows of the inbox' }, async () => [{ value: await countInbox(db) }]);
 */
export function createSignals(): Signals {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const checks = new Map<string, () => Promise<unknown>>();
  const changes = new Counter({
    name: 'bellhop_state_changes_total',
    help: 'State changes of sessions, turns, sandboxes, leases and outbox rows',
    labelNames: ['of', 'to', 'cause'],
    registers: [registry],
  });
  const dropped = new Counter({
    name: 'bellhop_log_lines_dropped_total',
    help: 'Log lines that the reader of the log had no room for',
    registers: [registry],
  });

  return {
    gauge({ name, help, labels = [] }, read) {
      new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers: [registry],
        async collect() {
          this.reset();
          // A gauge without labels is set to zero by its reset.
          if (labels.length === 0) this.remove();
          const samples = await inTime(async () => await read()).catch(() => []);
          for (const sample of samples) this.set({ ...sample.labels }, sample.value);
        },
      });
    },
    counter({ name, help, labels = [] }) {
      const counter = new Counter({ name, help, labelNames: [...labels], registers: [registry] });
      return (values, by = 1) => counter.inc({ ...values }, by);
    },
    histogram({ name, help, labels = [] }, buckets) {
      const histogram = new Histogram({
        name,
        help,
        labelNames: [...labels],
        buckets: [...buckets],
        registers: [registry],
      });
      return (values, seconds) => histogram.observe({ ...values }, seconds);
    },
    check: (name, ask) => void checks.set(name, ask),
    countChange: (change) => changes.inc({ of: change.of, to: change.to, cause: causeOf(change) }),
    countDropped: (lines) => dropped.inc(lines),
    text: async () => await registry.metrics(),
    async health() {
      const answers = [...checks].map(async ([name, ask]) => {
        const reason = await inTime(ask).then(
          () => null,
          (error: unknown) => (error instanceof Error ? error.message || error.name : String(error)),
        );
        return [name, reason] as const;
      });
      return Object.fromEntries(await Promise.all(answers));
    },
  };
}

/** What a change is counted by besides its state: a small closed set. */
function causeOf(change: StateChange): string {
  if (change.of === 'turn') return change.failure ?? '';
  return change.of === 'outbox' ? change.kind : '';
}

async function inTime<T>(work: () => Promise<T>): Promise<T> {
  return orLate(READ_WITHIN_MS, work(), `no answer within ${READ_WITHIN_MS / 1000} s`);
}
