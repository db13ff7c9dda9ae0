import type { SetupState, SetupStep, SupervisedProcess, ToolsState } from '../../contracts/setup-state.ts';
import { reasonOf } from '../../setup/errors.ts';
import type { StepId } from './steps.ts';

export type Say = (detail: string) => void;

/** How a step ended: one readable line, and further details. */
export interface StepEnd<T> {
  readonly detail: string;
  readonly more?: string | undefined;
  readonly value: T;
}

export interface JournalOptions {
  readonly initial: Omit<SetupState, 'steps' | 'tools' | 'processes'>;
  /** All steps, in the order in which a person reads them. */
  readonly steps: readonly { readonly id: string; readonly title: string }[];
  readonly processes: () => readonly SupervisedProcess[];
  /** Called after each change, often several times in a row. */
  readonly onChange: (state: SetupState) => void;
  /** Called when a step has ended. */
  readonly onStep: (step: SetupStep) => void;
  readonly now: () => Date;
  /** After this has aborted, a step that does not end has not failed. */
  readonly signal: AbortSignal;
}

/** What has happened so far and what happens now, for the terminal, the page and `doctor`. */
export interface Journal {
  /** Runs a step. The result of `work` says how it went. A failure is recorded and then thrown again. */
  step<T>(id: StepId, work: (say: Say) => Promise<StepEnd<T>>): Promise<T>;
  setAddresses(addresses: SetupState['addresses']): void;
  setTools(tools: Omit<ToolsState, 'since'>): void;
  changed(): void;
  state(): SetupState;
}

/** One for each start of `up`. */
export function createJournal(options: JournalOptions): Journal {
  const steps = new Map<string, SetupStep>(options.steps.map((step) => [step.id, { ...step, state: 'pending' }]));
  let addresses = options.initial.addresses;
  let tools: ToolsState = { state: 'waiting', detail: 'the base comes first', since: options.now().toISOString() };

  const state = (): SetupState => ({
    ...options.initial,
    addresses,
    tools,
    steps: [...steps.values()].map((step) => withTimeSoFar(step, options.now())),
    processes: [...options.processes()],
  });
  const changed = () => options.onChange(state());

  function update(id: string, change: Partial<SetupStep>): SetupStep {
    const known = steps.get(id);
    if (!known) throw new RangeError(`no such step: ${id}`);
    const next = { ...known, ...change };
    steps.set(id, next);
    changed();
    return next;
  }

  return {
    async step(id, work) {
      const startedAt = options.now();
      update(id, { state: 'running', startedAt: startedAt.toISOString() });
      const took = () => options.now().getTime() - startedAt.getTime();
      try {
        const { detail, more, value } = await work((said) => void update(id, { detail: said }));
        options.onStep(update(id, { state: 'done', detail, ...(more && { more }), ms: took() }));
        return value;
      } catch (error) {
        if (options.signal.aborted) update(id, { state: 'pending' });
        else options.onStep(update(id, { state: 'failed', detail: reasonOf(error), ms: took() }));
        throw error;
      }
    },
    setAddresses(known) {
      addresses = { ...addresses, ...known };
      changed();
    },
    setTools(next) {
      const since = next.state === tools.state ? tools.since : options.now().toISOString();
      tools = { ...next, since };
      changed();
    },
    changed,
    state,
  };
}

function withTimeSoFar(step: SetupStep, now: Date): SetupStep {
  if (step.state !== 'running' || !step.startedAt) return step;
  return { ...step, ms: now.getTime() - Date.parse(step.startedAt) };
}
