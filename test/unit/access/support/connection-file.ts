import type { FileConnection } from '../../../../access/access-file.ts';
import { fileOf } from '../../../support/access-yaml.ts';

/** A file with one connection of these lines, from line 6 on. */
export function withConnection(...lines: string[]): string {
  return `organization: { bundles: [data] }
bundles:
  data: { connections: [crm] }
connections:
  crm:
${lines.map((line) => `    ${line}\n`).join('')}`;
}

/** The connection that these lines make. */
export function connectionOf(...lines: string[]): FileConnection {
  const [connection] = fileOf(withConnection(...lines)).connections;
  if (!connection) throw new Error('no connection');
  return connection;
}

/** The line of a credential for tests that are about something else. */
export const BEARER = 'credential: { kind: bearer, fromEnv: X }';
