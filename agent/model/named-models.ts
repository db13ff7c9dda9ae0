import type { NamedModel } from '../../access/document.ts';
import type { AccessIndex } from '../../access/effective-access.ts';
import type { ModelError } from '../errors.ts';
import { createModel } from './create-model.ts';
import type { Model } from './model.ts';

/** The models of the access file in force. */
export interface NamedModels {
  /**
   * The models that are asked for a turn, in this order: the one of that name, and the one that answers while it is away.
   * One that was away a moment ago comes last. Null for a name that the file does not have any more.
   */
  forTurn(name: string): Promise<readonly Model[] | null>;
  /** The model that makes summaries wherever a turn happens. Null: the turn's own does. */
  forSummaries(): Promise<Model | null>;
  /** Says that a model did not answer. */
  noteAway(model: Model, error: ModelError): void;
}

export interface NamedModelsOptions {
  readonly policy: () => Promise<AccessIndex>;
  /** The key of a model, opened. @throws ModelError when it cannot be used */
  readonly keyOf: (model: NamedModel) => Promise<string>;
  /** Wraps each model, as for metrics. */
  readonly told?: (model: Model) => Model;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly fetch?: typeof fetch;
}

/** For so long the other model is asked first. A vendor may ask for longer. */
const AWAY_MS = 30_000;
const AWAY_MOST_MS = 600_000;

/**
 * Keeps one client for each model of the document in force. A model that changed, or whose key did, gets a new one with its
 * next call, and those that left the file are forgotten.
 */
export function createNamedModels({
  policy,
  keyOf,
  told = (model) => model,
  clock,
  fetch,
}: NamedModelsOptions): NamedModels {
  const made = new Map<string, { readonly definition: string; readonly model: Model }>();
  const awayUntil = new WeakMap<Model, number>();

  async function modelOf(named: NamedModel): Promise<Model> {
    const { line: _, fallback: _other, for: _uses, ...what } = named;
    const definition = JSON.stringify(what);
    const known = made.get(named.name);
    if (known?.definition === definition) return known.model;
    const key = named.keyVersion === null ? null : await keyOf(named);
    const model = told(createModel(named, key, fetch));
    made.set(named.name, { definition, model });
    return model;
  }

  async function inForce(): Promise<readonly NamedModel[]> {
    const { models } = await policy();
    const names = new Set(models.map(({ name }) => name));
    for (const name of made.keys()) if (!names.has(name)) made.delete(name);
    return models;
  }

  const isAway = (model: Model) => (awayUntil.get(model) ?? 0) > clock();

  return {
    async forTurn(name) {
      const models = await inForce();
      const first = models.find((each) => each.name === name);
      if (!first) return null;
      const other = models.find((each) => each.name === first.fallback);
      const chain = await Promise.all([first, ...(other ? [other] : [])].map(modelOf));
      return chain.toSorted((a, b) => Number(isAway(a)) - Number(isAway(b)));
    },
    async forSummaries() {
      const named = (await inForce()).find((each) => each.for.includes('summaries'));
      const model = named ? await modelOf(named) : null;
      return model && !isAway(model) ? model : null;
    },
    noteAway(model, { retryAfterMs }) {
      awayUntil.set(model, clock() + Math.min(AWAY_MOST_MS, Math.max(AWAY_MS, retryAfterMs ?? 0)));
    },
  };
}
