import pg from 'pg';
import { DatabaseBusy } from './database.ts';

/** Messages of `pg` for a server that went away or did not accept a connection in time. These errors have no code. */
const WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired$|Query read timeout$|Client has encountered a connection error)/;

/**
 * Whether a query failed because PostgreSQL could not be reached, had no free connection, or ended the connection.
 * False when PostgreSQL refused the query itself.
 */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof DatabaseBusy) return true;
  if (error instanceof pg.DatabaseError) return error.severity === 'FATAL' || /^(08|57P)/.test(error.code ?? '');
  const { syscall, address, message, errors } = (error ?? {}) as ConnectionError;
  // A connection attempt to several addresses of one name.
  if (errors) return errors.length > 0 && errors.every(isUnreachable);
  // Other sockets with a path are the engine's and the proxy's.
  if (syscall === 'connect') return !address?.startsWith('/') || address.includes('.s.PGSQL.');
  return syscall === 'getaddrinfo' || WORDS.test(message ?? '');
}

/**
 * Whether PostgreSQL refused a statement because of the values in it: they are not valid, break a constraint or are too
 * large. The same statement fails again, and one with other values may succeed. Classes of SQLSTATE:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isBadValue(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(21|22|23|54)/.test(error.code ?? '');
}

type ConnectionError = Partial<NodeJS.ErrnoException & AggregateError & { readonly address: string }>;
