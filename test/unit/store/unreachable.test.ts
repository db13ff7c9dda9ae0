import pg from 'pg';
import { isBadValue, isUnreachable } from '../../../store/unreachable.ts';

function said(severity: string, code: string): Error {
  return Object.assign(new pg.DatabaseError(`${severity} ${code}`, 0, 'error'), { severity, code });
}

function system(syscall: string, code: string, address?: string): Error {
  return Object.assign(new Error(`${syscall} ${code} ${address}`), { syscall, code, address });
}

test.each([
  said('FATAL', '57P01'),
  said('FATAL', '57P03'),
  said('FATAL', '53300'),
  said('FATAL', '55000'),
  // A server that speaks another language.
  said('FEHLER', '57P01'),
  said('FEHLER', '08006'),
  system('connect', 'ECONNREFUSED', '127.0.0.1'),
  system('connect', 'ETIMEDOUT', '10.0.0.5'),
  system('connect', 'ENOENT', '/run/postgresql/.s.PGSQL.5432'),
  system('getaddrinfo', 'ENOTFOUND'),
  new AggregateError([system('connect', 'ECONNREFUSED', '::1'), system('connect', 'ECONNREFUSED', '127.0.0.1')]),
  new Error('Connection terminated unexpectedly'),
  new Error('Connection terminated due to connection timeout'),
  new Error('timeout exceeded when trying to connect'),
  new Error('Client has encountered a connection error and is not queryable'),
])('the database is away: %s', (error) => {
  expect(isUnreachable(error)).toBe(true);
});

test.each([
  said('ERROR', '23505'),
  said('ERROR', '42P01'),
  said('ERROR', '57014'),
  system('connect', 'ECONNREFUSED', '/var/run/docker.sock'),
  system('connect', 'ENOENT', '/tmp/bellhop/run/control.sock'),
  system('open', 'ENOENT'),
  new AggregateError([]),
  new Error('no turn'),
  'a word',
  null,
])('the database is not what is missing: %s', (error) => {
  expect(isUnreachable(error)).toBe(false);
});

test('only what a statement was given makes it a bad value: not the state of the server, nor another transaction', () => {
  const refused = (code: string) => Object.assign(new pg.DatabaseError('refused', 0, 'error'), { code });
  for (const code of ['22P05', '23514', '54000']) expect(isBadValue(refused(code))).toBe(true);
  for (const code of ['57014', '53300', '40P01', '25006', '42501', '57P01'])
    expect(isBadValue(refused(code))).toBe(false);
  expect(isBadValue(new Error('timeout expired'))).toBe(false);
});
