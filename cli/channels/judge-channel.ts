import { patternFinder } from '../../access/channel-patterns.ts';
import { findKnownChannel } from '../../access/find-channel.ts';
import { keepVerdict, listVerdicts } from '../../store/channel-verdicts.ts';
import { type Channel, listChannels } from '../../store/channels.ts';
import { type Database, inTransaction, type Queryable } from '../../store/database.ts';
import { currentPolicy, lockPolicy } from '../../store/policy.ts';

/** A channel whose name matches a pattern of the access file in force. */
export interface MatchingChannel {
  readonly team: string;
  readonly channel: string;
  /** Without `#`. */
  readonly name: string;
  readonly pattern: string;
  readonly state: 'waiting' | 'confirmed' | 'rejected';
  /** Who decided. Null while it waits. */
  readonly decidedBy: string | null;
  /** Slack has announced a change of the channel that was not read yet. Until then a confirmation does not count. */
  readonly inDoubt: boolean;
}

/** Channels that match a pattern and are not named by the file. Those that wait come first. */
export async function matchingChannels(db: Queryable): Promise<MatchingChannel[]> {
  const document = await currentPolicy(db);
  if ((document.patterns ?? []).length === 0) return [];
  const patternOf = patternFinder(document);
  const verdicts = new Map((await listVerdicts(db)).map((each) => [`${each.team} ${each.channel}`, each]));
  const matching = (await listChannels(db)).flatMap((channel): MatchingChannel[] => {
    const pattern = patternOf(channel);
    if (pattern === null) return [];
    const said = verdicts.get(`${channel.team} ${channel.id}`);
    const verdict = said?.pattern === pattern ? said : undefined;
    const state = verdict === undefined ? 'waiting' : verdict.confirmed ? 'confirmed' : 'rejected';
    const { team, id, name } = channel;
    return [
      { team, channel: id, name, pattern, state, decidedBy: verdict?.decidedBy ?? null, inDoubt: isInDoubt(channel) },
    ];
  });
  return matching.sort((a, b) => Number(a.state !== 'waiting') - Number(b.state !== 'waiting'));
}

export interface Verdict {
  /** `#incident-7`, or the channel's id. */
  readonly text: string;
  readonly confirmed: boolean;
  readonly decidedBy: string;
}

/**
 * Confirms or rejects a channel for the pattern that its name matches now. It holds for the channel's id, and only while the
 * channel keeps this name.
 *
 * @throws Error when there is no such channel, or no pattern for it
 */
export async function judgeChannel(database: Database, verdict: Verdict): Promise<MatchingChannel> {
  return inTransaction(database, async (tx) => {
    // An apply at the same time could take the pattern away, or give it another meaning than the one that was looked at.
    await lockPolicy(tx);
    const channels = await listChannels(tx);
    const found = findKnownChannel(verdict.text, channels, null);
    if ('problem' in found) throw new Error(found.problem);
    const { team, id, name } = found.channel;
    const known = channels.find((each) => each.team === team && each.id === id);
    const pattern = patternFinder(await currentPolicy(tx))(found.channel);
    if (pattern === null)
      throw new Error(`#${name} matches no pattern of the access file, or the file names it itself`);
    if (!known || isInDoubt(known)) {
      throw new Error(
        `Slack has announced a change of #${name}: mention the agent there, so that its name is read again`,
      );
    }
    const { confirmed, decidedBy } = verdict;
    await keepVerdict(tx, { team, channel: id, name, pattern, confirmed, decidedBy });
    return { team, channel: id, name, pattern, state: confirmed ? 'confirmed' : 'rejected', decidedBy, inDoubt: false };
  });
}

/** As `confirmed_channel` in the database has it. */
function isInDoubt({ seenAt }: Channel): boolean {
  return seenAt.getTime() === 0;
}
