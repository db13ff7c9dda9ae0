import type { MixedChannel } from '../access/outsiders.ts';
import { type Database, inTransaction, type Queryable } from './database.ts';
import type { AuthorClass } from './inbox.ts';

/** Somebody in a conversation who is not a member of the workspace. `unknown`: Slack does not say who it is. */
export interface Outsider {
  readonly person: string;
  readonly class: Extract<AuthorClass, 'guest' | 'external' | 'unknown'>;
}

/**
 * Whether somebody of this class listens and is no member. An account that has ended, or that is only invited, is `unknown` and listens to nothing;
 * Slack tells when an invited person begins.
 */
export function isOutside(author: AuthorClass): author is 'guest' | 'external' {
  return author === 'guest' || author === 'external';
}

/** Every conversation with outsiders in it. */
export async function mixedChannels(db: Queryable): Promise<MixedChannel[]> {
  const { rows } = await db.query<MixedChannel>(
    'select team, channel, name, guests, shared from mixed_channel order by team, channel',
  );
  return rows;
}

/** When the members of a conversation were read, if nobody has joined or left unseen since. Null: never, or it is in doubt. */
export async function membersReadAt(db: Queryable, team: string, channel: string): Promise<Date | null> {
  const { rows } = await db.query<{ at: Date }>(
    `select members_read_at as at from channel where team = $1 and id = $2 and members_read_at > 'epoch'`,
    [team, channel],
  );
  return rows[0]?.at ?? null;
}

/**
 * Keeps who is outside among all members of a conversation. False when somebody has joined or left since Slack was asked, because the answer
 * may be older than that; nothing is kept then.
 *
 * @param askedAt when Slack was asked, by the database's clock
 */
export async function saveOutsiders(
  db: Database,
  {
    team,
    channel,
    outsiders,
    askedAt,
  }: {
    readonly team: string;
    readonly channel: string;
    readonly outsiders: readonly Outsider[];
    readonly askedAt: Date;
  },
): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    const { rowCount } = await tx.query(
      `update channel set members_read_at = clock_timestamp() where team = $1 and id = $2 and members_changed_at < $3`,
      [team, channel, askedAt],
    );
    if (rowCount === 0) return false;
    const people = outsiders.map(({ person }) => person);
    await tx.query('delete from channel_outsider where team = $1 and channel = $2 and person <> all ($3)', [
      team,
      channel,
      people,
    ]);
    await tx.query(
      `insert into channel_outsider (team, channel, person, class) select $1, $2, * from unnest($3::text[], $4::text[])
       on conflict (team, channel, person) do update set class = excluded.class where channel_outsider.class <> excluded.class`,
      [team, channel, people, outsiders.map((each) => each.class)],
    );
    return true;
  });
}

/** Somebody has joined a conversation, or is seen in it. One that is not known counts when it is first asked about. */
export async function noteOutsider(
  db: Queryable,
  team: string,
  channel: string,
  { person, class: outside }: Outsider,
): Promise<void> {
  await db.query(
    `insert into channel_outsider (team, channel, person, class)
     select team, id, $3, $4 from channel where team = $1 and id = $2
     on conflict (team, channel, person) do nothing`,
    [team, channel, person, outside],
  );
}

/** Somebody has left a conversation. */
export async function noteLeft(db: Queryable, team: string, channel: string, person: string): Promise<void> {
  // The event may be late, and the person back.
  await doubtMembers(db, team, channel);
  await db.query('delete from channel_outsider where team = $1 and channel = $2 and person = $3', [
    team,
    channel,
    person,
  ]);
}

/**
 * The members that are known of a conversation are in doubt from now on: they are read anew before the next message there is worked on.
 * @param channel null for every conversation of the workspace
 */
export async function doubtMembers(db: Queryable, team: string, channel: string | null): Promise<void> {
  await db.query(
    `update channel set members_read_at = 'epoch', members_changed_at = clock_timestamp()
     where team = $1 and ($2::text is null or id = $2)`,
    [team, channel],
  );
}
