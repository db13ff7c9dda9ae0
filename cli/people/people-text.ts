import pc from 'picocolors';
import { columns } from '../../access/columns.ts';
import type { PersonalWay } from '../../access/personal-access.ts';
import type { NamedPersonalConnection } from '../../store/personal-connections.ts';
import type { NamedPersonalSettings } from '../../store/personal-settings.ts';

/** What stands in place of a connection for a person's own settings. No preset is called so. */
export const SETTINGS = 'settings';

/** What `bellhop people list` shows of one connection, or of somebody's settings. Nothing in it is a secret. */
export interface ShownConnection {
  readonly team: string;
  readonly person: string;
  readonly name: string | null;
  readonly connection: string;
  readonly addedAt: string;
  readonly expiresAt: string | null;
  /** Whether a token was pasted, or granted by OAuth. Null for settings. */
  readonly way: PersonalWay | null;
  /** When the service refused to renew what was granted. Then its person has to connect it again. */
  readonly refusedAt: string | null;
  /** False when the access file does not offer it any more: then it is not used. */
  readonly offered: boolean;
  /** Only for settings: what is set, without the text of instructions. */
  readonly settings?: readonly string[];
}

/**
 * A person's settings as a row of `bellhop people list`.
 * @param choices names of the models that people may choose; another one is marked
 */
export function shownSettings(
  { team, person, name, changedAt, hasInstructions, model, ...limits }: NamedPersonalSettings,
  choices: readonly string[],
): ShownConnection {
  const numbers = (['steps', 'minutes', 'tokens'] as const).map(
    (limit) => limits[limit] && `${limits[limit]} ${limit}`,
  );
  const settings = [
    hasInstructions && 'instructions',
    model && `model ${model}${choices.includes(model) ? '' : ' (cannot be chosen any more)'}`,
    ...numbers,
  ];
  return {
    ...{ team, person, name, connection: SETTINGS, addedAt: changedAt.toISOString(), expiresAt: null, offered: true },
    ...{ way: null, refusedAt: null },
    settings: settings.filter((each) => typeof each === 'string'),
  };
}

/**
 * A connection of a person as a row of `bellhop people list`.
 * @param offered names of what the access file in force offers
 */
export function shownConnection(
  { team, person, name, connection, addedAt, expiresAt, way, refusedAt }: NamedPersonalConnection,
  offered: ReadonlySet<string>,
): ShownConnection {
  return {
    ...{ team, person, name, connection, way },
    addedAt: addedAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    refusedAt: refusedAt?.toISOString() ?? null,
    offered: offered.has(connection),
  };
}

/** The output of `bellhop people list`. */
export function peopleText(shown: readonly ShownConnection[]): string {
  if (shown.length === 0) return 'Nobody has connected or set anything.';
  return columns(
    shown.map(({ name, person, connection, addedAt, expiresAt, way, refusedAt, offered, settings = [] }) => [
      name ?? person,
      person,
      connection,
      `since ${addedAt.slice(0, 10)}`,
      [
        ...settings,
        way === 'oauth' && 'granted by OAuth',
        refusedAt &&
          pc.yellow(`${way === 'oauth' ? 'not renewed' : 'refused'} by the service since ${refusedAt.slice(0, 10)}`),
        expiresAt && `ends ${expiresAt.slice(0, 10)}`,
        !offered && pc.yellow('not offered any more: not used'),
      ]
        .filter(Boolean)
        .join('; '),
    ]),
  );
}
