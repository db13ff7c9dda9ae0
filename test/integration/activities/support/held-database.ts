import type { Database } from '../../../../store/database.ts';

export interface HeldDatabase {
  readonly database: Database;
  /** Resolves when the statement was asked for. */
  readonly reached: Promise<void>;
  release(): void;
}

/** A database that is slow in one place: with what matches, before it asks the real one or before it answers. */
export function holdDatabase(real: Database, statement: RegExp, where: 'asking' | 'answering'): HeldDatabase {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const wait = async (): Promise<void> => {
    reached.resolve();
    await gate.promise;
  };
  const query = async (text: string, values?: unknown[]) => {
    const held = statement.test(text);
    if (held && where === 'asking') await wait();
    const result = await real.query(text, values);
    if (held && where === 'answering') await wait();
    return result;
  };
  const database = new Proxy(real, {
    get(target, name) {
      if (name === 'query') return query;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { database, reached: reached.promise, release: gate.resolve };
}
