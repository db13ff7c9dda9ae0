/** The agent of a channel asks the person who began the turn to use a connection of theirs. */
import { z } from 'zod';
import type { EffectiveAccess } from '../access/decision.ts';
import { PRESETS } from '../access/presets/apply-preset.ts';
import { threadOf } from '../contracts/ids.ts';
import type { Database, Queryable } from '../store/database.ts';
import { decideOwnUse, type OwnUseDecision, othersWorkedHere, ownUseOf, usedInTurn } from '../store/own-uses.ts';
import { heldConnections } from '../store/personal-connections.ts';
import { giveSessionTo } from '../store/sessions.ts';
import { inTurn, type TurnRef } from '../store/turn-fence.ts';
import { getTurn } from '../store/turns.ts';
import { isPerson } from './ask-person.ts';
import { defineTool } from './tools/define-tool.ts';
import { type OwnConnections, type SandboxTool, said } from './tools/tool.ts';

const OWN_CONNECTION_TOOL = 'use_own_connection';

/** What the agent may ask a turn's requester for: what they have connected. Nothing of a schedule. */
export async function askable(
  db: Queryable,
  { mayAskFor = [] }: EffectiveAccess,
  { session, requester }: Pick<TurnRef, 'session'> & { readonly requester: string },
): Promise<string[]> {
  if (mayAskFor.length === 0 || !isPerson(requester)) return [];
  const held = await heldConnections(db, { team: threadOf(session).team, person: requester });
  return held.map(({ connection }) => connection).filter((name) => mayAskFor.includes(name));
}

/** @param names what the requester has connected and may be asked for */
export function createOwnConnectionTool(names: readonly string[]): SandboxTool {
  return defineTool({
    name: OWN_CONNECTION_TOOL,
    description: [
      'Asks the person who began this turn, and nobody else, whether you may use a connection of their own: their account, not the one of this channel.',
      `They have connected: ${names.join(', ')}.`,
      'Ask only when the task needs it and the connections of this channel do not suffice. Say in one sentence what for. When they allow it, requests to the hosts of that service go with their account until this turn ends; say in your answer what came by it.',
    ].join(' '),
    schema: z.object({
      connection: z.enum(names as [string, ...string[]]).describe('The connection to ask for.'),
      what_for: z.string().min(1).max(500).describe('What you will do with it, in one sentence for the person.'),
    }),
    parallel: false,
    idempotent: true,
    beginsItself: true,
    async run(context, { connection, what_for: whatFor }) {
      const title = PRESETS[connection]?.title ?? connection;
      const known = await context.own.decided(connection);
      if (known !== null) return outcomeOf(known, title);
      const why = await context.own.whyNot();
      if (why !== null) return said(why, true);
      const answer = await context.ask({
        name: `own/${connection}`,
        text: `May I use your own ${title} connection here? In my words, I would use it for this: “${whatFor}”`,
        about: `Your ${title}`,
        answerer: 'requester',
        choices: [
          { id: 'once', label: 'Allow once', style: 'primary' },
          { id: 'thread', label: 'For this thread' },
          { id: 'never', label: 'Never here' },
        ],
        shown: 'alone',
      });
      if (answer.state !== 'answered') return said(`They have not answered, so their ${title} is not used.`, true);
      const decision = answer.choice as OwnUseDecision;
      const whyVoid = await context.own.decide(connection, decision);
      return whyVoid === null ? outcomeOf(decision, title) : said(`Their ${title} is not used. ${whyVoid}`, true);
    },
  });
}

function outcomeOf(decision: OwnUseDecision, title: string) {
  if (decision === 'never')
    return said(`They do not want their ${title} to be used in this thread. Do not ask again.`, true);
  return said(
    `Allowed. Until this turn ends, requests to the hosts of ${title} go with their own account. What it brings in is theirs: use it for what they asked, and say in your answer that it came by their own connection.`,
  );
}

const NOT_THEIRS_ALONE =
  'Somebody else has given you work in this thread before, or has spoken in it, and what they said or left in the sandbox could act with the account. So it is not used here: the person can begin a thread of their own.';

/** What the tool reads and keeps, under the turn's fence. */
export function createOwnConnections(database: Database, ref: TurnRef): OwnConnections {
  const { session, turn } = ref;
  const asked = async (connection: string) => {
    const { requester: person } = await getTurn(database, session, turn);
    return { session, turn, person, connection };
  };
  return {
    decided: async (connection) => ownUseOf(database, await asked(connection)),
    async whyNot() {
      const { requester } = await getTurn(database, session, turn);
      return (await othersWorkedHere(database, session, requester)) ? NOT_THEIRS_ALONE : null;
    },
    async decide(connection, decision) {
      const use = await asked(connection);
      return inTurn(database, ref, async (db) => {
        if (decision !== 'never' && (await othersWorkedHere(db, session, use.person))) return NOT_THEIRS_ALONE;
        if (!(await decideOwnUse(db, { ...use, decision }))) return 'They have removed it meanwhile.';
        if (decision !== 'never') await giveSessionTo(db, session, use.person);
        return null;
      });
    },
  };
}

/** Stands before what a tool gave in a turn in which a connection of the requester's own could be used. Null where none could. */
export async function ownMark(db: Queryable, ref: TurnRef): Promise<string | null> {
  const { requester } = await getTurn(db, ref.session, ref.turn);
  const used = isPerson(requester) ? await usedInTurn(db, { ...ref, requester }) : [];
  if (used.length === 0) return null;
  return `[may have come by ${used.join(', ')} of <@${requester}>'s own: it is theirs, not this channel's]`;
}
