import type { Person } from '../../contracts/scope.ts';
import type { Database } from '../../store/database.ts';
import { listPersonalConnections, removePersonalConnection } from '../../store/personal-connections.ts';
import { listGrants } from '../../store/personal-grants.ts';
import { listPersonalSettings, removePersonalSettings } from '../../store/personal-settings.ts';
import { SETTINGS } from './people-text.ts';

export interface RevokeRequest {
  /** A person's id in Slack, or the name that Slack shows. */
  readonly person: string;
  /** Null: all that they have connected. */
  readonly connection: string | null;
}

/** A connection of a person, or `settings`. */
export interface RevokedThing extends Person {
  readonly name: string | null;
  readonly connection: string;
}

/**
 * Takes away what a person has connected, for their next request, what they are about to connect, and what they have set.
 *
 * @returns what was taken away
 * @throws Error when nobody or several people are meant, or nothing is there
 */
export async function revokePeople(database: Database, request: RevokeRequest): Promise<RevokedThing[]> {
  const settings = await listPersonalSettings(database);
  // Attempts first: one that is confirmed in between is among the connections.
  const begun = await listGrants(database);
  const connected = await listPersonalConnections(database);
  const isConnected = (one: RevokedThing) =>
    connected.some(
      (each) => each.team === one.team && each.person === one.person && each.connection === one.connection,
    );
  const all = [
    ...connected,
    ...begun.filter((each) => !isConnected(each)),
    ...settings.map((each) => ({ ...each, connection: SETTINGS })),
  ];
  const theirs = ofPerson(all, request.person);
  const doomed = theirs.filter(({ connection }) => request.connection === null || connection === request.connection);
  if (doomed.length === 0) {
    const known = theirs.map(({ connection }) => connection).join(', ');
    throw new Error(`${request.person} has not connected ${request.connection}; connected: ${known}`);
  }
  for (const each of doomed) {
    if (each.connection === SETTINGS) await removePersonalSettings(database, each);
    else await removePersonalConnection(database, each, each.connection);
  }
  return doomed;
}

function ofPerson(all: readonly RevokedThing[], text: string): readonly RevokedThing[] {
  const byId = all.filter(({ person }) => person === text);
  const wanted = text.replace(/^@/, '').toLowerCase();
  const found = byId.length > 0 ? byId : all.filter(({ name }) => name?.toLowerCase() === wanted);
  const people = [...new Set(found.map(({ person }) => person))];
  if (people.length > 1) throw new Error(`several people are called ${text}: give an id, ${people.join(' or ')}`);
  if (people.length === 0) throw new Error(`${text} has connected nothing, or is nobody: see \`bellhop people list\``);
  return found;
}
