import type { PersonalOffer } from '../../access/people-access.ts';
import { isByOAuth } from '../../access/personal-access.ts';
import { personScope } from '../../contracts/scope.ts';
import { type Database, inTransaction } from '../../store/database.ts';
import { wantListing } from '../../store/own-servers.ts';
import { type Owner, removePersonalConnection } from '../../store/personal-connections.ts';
import { confirmGrant, countWrong, endGrant, grantToConfirm } from '../../store/personal-grants.ts';
import type { TestPlace } from '../../store/personal-tests.ts';
import { isProof } from './grant-proof.ts';
import { confirmView, PROOF_BLOCK, sorryView } from './grant-views.ts';
import type { Handled } from './presses.ts';

export interface ConfirmationOptions {
  readonly database: Database;
  readonly offers: () => Promise<readonly PersonalOffer[]>;
  /** Null: the person may connect something. Otherwise what they are told. */
  readonly whyNot: (user: string) => Promise<string | null>;
}

export interface Confirmation {
  /** The form for what this person has granted. */
  form(owner: Owner, connection: string): Promise<object>;
  /** What the form answers. `connected` when the connection is there. */
  submitted(
    owner: Owner,
    asked: { readonly connection: string; readonly version: number },
    letters: string,
  ): Promise<Handled & { readonly connected?: Connected }>;
}

export interface Connected {
  readonly offer: PersonalOffer;
  /** Of the message that asked for it. Null when it was begun in the Home tab. */
  readonly place: TestPlace | null;
}

/** How often somebody may enter wrong letters. There are 20⁸ possible ones. */
const MOST_WRONG = 5;
const OVER = 'This is over. Write `connect` and its name to begin anew.';

/**
 * Only the person who has asked in Slack can make a connection of what was granted, and only with the letters that the
 * browser showed in which it was granted:
 *
 * - Mallory has got hold of Ada's link and grants his own account. Ada is told whose account it is, has seen no letters, and
 *   connects nothing. Mallory has the letters, but in his Slack there is no attempt.
 * - Mallory sends his own link to Ada, and she grants her account. She has the letters, and he has the form. He gains
 *   nothing unless she tells them to him, and the page says not to.
 *
 * With a device code there is no page, so only the first one is kept out (docs/security.md).
 */
export function createConfirmation({ database, offers, whyNot }: ConfirmationOptions): Confirmation {
  const offerOf = async (name: string) => (await offers()).find((each) => each.name === name && isByOAuth(each));

  return {
    async form(owner, connection) {
      const grant = await grantToConfirm(database, { ...owner, connection });
      if (!grant || !(await offerOf(connection))) return sorryView(connection, OVER);
      return confirmView(grant, grant.version);
    },
    async submitted(owner, { connection, version }, letters) {
      const found = await grantToConfirm(database, { ...owner, connection });
      const grant = found?.version === version ? found : null;
      const say = (words: string): Handled =>
        grant?.way === 'browser'
          ? { response: { response_action: 'errors', errors: { [PROOF_BLOCK]: words } } }
          : { response: { response_action: 'update', view: sorryView(connection, words) } };
      const offer = await offerOf(connection);
      if (!grant || !offer) return { response: { response_action: 'update', view: sorryView(connection, OVER) } };
      const problem = await whyNot(owner.person);
      if (problem) return say(problem);
      if (grant.way === 'browser' && !isProof(grant, letters, grant.proof)) {
        if ((await countWrong(database, grant)) < MOST_WRONG) return say('These are not the letters of the page.');
        await endGrant(database, grant);
        const words = `That was wrong ${MOST_WRONG} times. Nothing is connected. Write \`connect ${connection}\` to begin anew.`;
        return { response: { response_action: 'update', view: sorryView(connection, words) } };
      }
      const isDone = await inTransaction(database, async (tx) => {
        const isConfirmed = await confirmGrant(tx, grant);
        const { id, mcp } = offer.connection;
        const scope = personScope(owner.team, owner.person);
        if (isConfirmed && mcp) await wantListing(tx, { owner: scope, connection: id, url: mcp.url }, true);
        return isConfirmed;
      });
      if (!isDone) return { response: { response_action: 'update', view: sorryView(connection, OVER) } };
      // The account may have ended meanwhile: see `submitted` of the form for tokens.
      const late = await whyNot(owner.person);
      if (!late)
        return {
          connected: {
            offer,
            place: grant.channel === null ? null : { channel: grant.channel, threadTs: grant.threadTs },
          },
        };
      await removePersonalConnection(database, owner, connection);
      return { response: { response_action: 'update', view: sorryView(connection, late) } };
    },
  };
}
