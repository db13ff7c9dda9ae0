import type { NamedModel } from '../../access/document.ts';
import type { AccessIndex } from '../../access/effective-access.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import { ModelError } from '../errors.ts';
import { createModel } from './create-model.ts';
import type { Model } from './model.ts';
import { reportingRefusedKey } from './refused-key.ts';

/** The models of the access file in force. */
export interface NamedModels {
  /**
   * The models that are asked for a turn, in this order: the one of that name, and the one that answers while it is away.
   * One that was away a moment ago comes last. Null for a name that the file does not have any more.
   *
   * @throws ModelError when the key of the named one cannot be used
   */
  forTurn(name: string): Promise<readonly Model[] | null>;
  /**
   * The same for the model that is in force in a scope. Null where the file names none.
   *
   * @throws ModelError
   */
  forScope(scope: ScopeKey): Promise<readonly Model[] | null>;
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

/** A model that was away is asked last for this long. Its vendor may ask for longer. */
const AWAY_MS = 30_000;
const AWAY_MOST_MS = 600_000;

interface Kept {
  readonly definition: string;
  readonly model: Model;
  /** Opens its key, once. @throws ModelError when it cannot be used */
  open(): Promise<Model>;
}

/**
 * Keeps one client for each model of the document in force. A model that changed, or whose key did, gets a new one with its
 * next call, and those that left the file are forgotten.
 *
 * The key of a turn's own model is opened before its call. That of a fallback or of the model for summaries is opened when it
 * is called: while nobody needs it, nothing depends on it.
 */
export function createNamedModels({
  policy,
  keyOf,
  told = (model) => model,
  clock,
  fetch,
}: NamedModelsOptions): NamedModels {
  const made = new Map<string, Kept>();
  const awayUntil = new WeakMap<Model, number>();

  function keptOf(named: NamedModel): Kept {
    const { line: _, fallback: _other, for: _uses, ...what } = named;
    const definition = JSON.stringify(what);
    const known = made.get(named.name);
    if (known?.definition === definition) return known;
    let client: Promise<Model> | null = null;
    async function create(): Promise<Model> {
      const client = createModel(named, named.keyVersion === null ? null : await keyOf(named), fetch);
      const remedy = `set a new key where models.${named.name} of bellhop.yaml reads it, and apply the access file again`;
      return reportingRefusedKey(client, `the model ${named.name}`, remedy);
    }
    const open = () => {
      client ??= create().catch((error) => {
        client = null;
        throw error;
      });
      return client;
    };
    const model = told({
      name: named.model,
      contextTokens: named.contextTokens,
      takes: named.takes ?? [],
      ...(named.price && { price: named.price }),
      call: async (request) => (await open().catch(asAway)).call(request),
    });
    const kept = { definition, model, open };
    made.set(named.name, kept);
    return kept;
  }

  async function inForce(): Promise<AccessIndex> {
    const index = await policy();
    const names = new Set(index.models.map(({ name }) => name));
    for (const name of made.keys()) if (!names.has(name)) made.delete(name);
    return index;
  }

  const isAway = (model: Model) => (awayUntil.get(model) ?? 0) > clock();

  async function chainOf({ models }: AccessIndex, name: string): Promise<readonly Model[] | null> {
    const named = models.find((each) => each.name === name);
    if (!named) return null;
    const own = keptOf(named);
    await own.open();
    const other = models.find((each) => each.name === named.fallback);
    const chain = [own, ...(other ? [keptOf(other)] : [])].map(({ model }) => model);
    return chain.toSorted((a, b) => Number(isAway(a)) - Number(isAway(b)));
  }

  return {
    forTurn: async (name) => chainOf(await inForce(), name),
    async forScope(scope) {
      const index = await inForce();
      const name = index.modelOf(scope);
      if (name === undefined) return null;
      const chain = await chainOf(index, name);
      if (chain) return chain;
      const words = `the access file names the model ${name} for ${scope}, and does not have it; apply it again`;
      throw new ModelError('ModelUnauthorized', words);
    },
    async forSummaries() {
      const named = (await inForce()).models.find((each) => each.for.includes('summaries'));
      const model = named ? keptOf(named).model : null;
      return model && !isAway(model) ? model : null;
    },
    noteAway(model, { retryAfterMs }) {
      awayUntil.set(model, clock() + Math.min(AWAY_MOST_MS, Math.max(AWAY_MS, retryAfterMs ?? 0)));
    },
  };
}

/**
 * Treats a key that cannot be used as a model that is away. Only a fallback and the model for summaries open their key at their call, and a
 * turn can do without either.
 */
function asAway(error: unknown): never {
  throw error instanceof ModelError ? new ModelError('ModelUnavailable', error.message) : error;
}
