import type { Database } from '../../../../store/database.ts';

export interface HeldDatabase {
  readonly database: Database;
  /** Resolves when the statement was asked for. */
  readonly reached: Promise<void>;
  release(): void;
}

/**
 * A database that is slow in one place: with what matches, before it asks the real one or before it answers. A statement of
 * a transaction is held inside that transaction, which is a real one and keeps its locks.
 */
export function holdDatabase(
  real: Database,
  statement: RegExp,
  where: 'asking' | 'answering',
  only: (values: readonly unknown[]) => boolean = () => true,
): HeldDatabase {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const wait = async (): Promise<void> => {
    reached.resolve();
    await gate.promise;
  };
  type Query = (text: string, values?: unknown[]) => Promise<unknown>;
  const holding =
    (query: Query): Query =>
    async (text, values) => {
      const held = statement.test(text) && only(values ?? []);
      if (held && where === 'asking') await wait();
      const result = await query(text, values);
      if (held && where === 'answering') await wait();
      return result;
    };
  const connect = async () => {
    const client = await real.connect();
    return { query: holding(client.query.bind(client) as Query), release: client.release.bind(client) };
  };
  const database = new Proxy(real, {
    get(target, name) {
      if (name === 'query') return holding(real.query.bind(real) as Query);
      if (name === 'connect') return connect;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { database, reached: reached.promise, release: gate.resolve };
}

/** A database that a frozen process would use: every connection and every query waits until it wakes up. */
export function holdConnections(real: Database): HeldDatabase {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const wait = async (): Promise<void> => {
    reached.resolve();
    await gate.promise;
  };
  const database = new Proxy(real, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...args: unknown[]) => unknown;
      if (name !== 'query' && name !== 'connect') return method;
      return async (...args: unknown[]) => {
        await wait();
        return method(...args);
      };
    },
  });
  return { database, reached: reached.promise, release: gate.resolve };
}
