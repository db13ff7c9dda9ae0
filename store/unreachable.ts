import pg from 'pg';

/** What `pg` says of a server that went away, or that did not let it in soon enough; these errors have no code. */
const WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired$|Query read timeout$|Client has encountered a connection error)/;

/** Whether a query failed because PostgreSQL could not be reached, or ended the connection; not for what it says of a query. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return error.severity === 'FATAL' || /^(08|57P)/.test(error.code ?? '');
  const { syscall, address, message, errors } = (error ?? {}) as ConnectionError;
  // Every address of one name.
  if (errors) return errors.length > 0 && errors.every(isUnreachable);
  // Other sockets with a path are the engine's and the proxy's.
  if (syscall === 'connect') return !address?.startsWith('/') || address.includes('.s.PGSQL.');
  return syscall === 'getaddrinfo' || WORDS.test(message ?? '');
}

type ConnectionError = Partial<NodeJS.ErrnoException & AggregateError & { readonly address: string }>;
