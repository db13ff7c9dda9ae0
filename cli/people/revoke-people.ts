import type { Database } from '../../store/database.ts';
import {
  listPersonalConnections,
  type NamedPersonalConnection,
  removePersonalConnection,
} from '../../store/personal-connections.ts';

export interface RevokeRequest {
  /** A person's id in Slack, or the name that Slack shows. */
  readonly person: string;
  /** Null: all that they have connected. */
  readonly connection: string | null;
}

/**
 * Takes away what a person has connected, for their next request.
 *
 * @returns what was taken away
 * @throws Error when nobody or several people are meant, or nothing is there
 */
export async function revokePeople(database: Database, request: RevokeRequest): Promise<NamedPersonalConnection[]> {
  const all = await listPersonalConnections(database);
  const theirs = ofPerson(all, request.person);
  const doomed = theirs.filter(({ connection }) => request.connection === null || connection === request.connection);
  if (doomed.length === 0) {
    const known = theirs.map(({ connection }) => connection).join(', ');
    throw new Error(`${request.person} has not connected ${request.connection}; connected: ${known}`);
  }
  for (const each of doomed) await removePersonalConnection(database, each, each.connection);
  return doomed;
}

function ofPerson(all: readonly NamedPersonalConnection[], text: string): readonly NamedPersonalConnection[] {
  const byId = all.filter(({ person }) => person === text);
  const wanted = text.replace(/^@/, '').toLowerCase();
  const found = byId.length > 0 ? byId : all.filter(({ name }) => name?.toLowerCase() === wanted);
  const people = [...new Set(found.map(({ person }) => person))];
  if (people.length > 1) throw new Error(`several people are called ${text}: give an id, ${people.join(' or ')}`);
  if (people.length === 0) throw new Error(`${text} has connected nothing, or is nobody: see \`bellhop people list\``);
  return found;
}
