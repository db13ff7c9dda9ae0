import { isSessionId, threadOf } from '../../contracts/ids.ts';
import { inTransaction } from '../../store/database.ts';
import { lockSession } from '../../store/turn-fence.ts';
import { type Fields, fieldsOf } from '../api/fields.ts';
import type { Responder } from '../api/respond.ts';
import type { Handled, PressOptions } from '../personal/presses.ts';
import { escapeText } from '../rendering/mrkdwn.ts';
import { MUTE_ACTION, setMute, UNMUTE_ACTION } from './mute.ts';

export interface MutePressesOptions extends PressOptions {
  readonly respond: Responder;
}

const NOT_DONE = 'This could not be done just now. Please press once more in a moment.';
const ONLY_OWNER = 'This thread works for one person, so only they mute it or end that.';
const ONLY_MEMBERS = 'Only members of this workspace can do this.';

/** Presses of Mute and Unmute. What they change is stored before they are acknowledged. Null for everything else; it throws nothing. */
export function createMutePresses(options: MutePressesOptions) {
  const { database, identity, directory, respond, onAnswer, log } = options;

  async function press(user: string, body: Fields, action: Fields): Promise<string | null> {
    const { value, action_ts: ts } = action;
    if (!isSessionId(value) || typeof ts !== 'string') return null;
    const { team, channel } = threadOf(value);
    // A button is for the thread in which it stands and no other.
    if (team !== identity.team || channel !== fieldsOf(body.channel).id) return null;
    const person = await directory.person(user);
    if (person?.class !== 'member') return ONLY_MEMBERS;
    const wanted = action.action_id === MUTE_ACTION;
    const key = `${value}/muted/${user}/${ts}`;
    return inTransaction(database, async (db) => {
      // Under the session's lock, because a thread may become a person's meanwhile.
      const owner = (await lockSession(db, value))?.owner ?? null;
      if (owner !== null && owner !== user) return ONLY_OWNER;
      return setMute(db, { session: value, person: { id: user, name: person.name }, wanted, key });
    });
  }

  return async (body: unknown): Promise<Handled | null> => {
    const found = fieldsOf(body);
    const action = Array.isArray(found.actions) ? fieldsOf((found.actions as unknown[])[0]) : {};
    const user = fieldsOf(found.user).id;
    if (found.type !== 'block_actions' || typeof user !== 'string') return null;
    if (action.action_id !== MUTE_ACTION && action.action_id !== UNMUTE_ACTION) return null;
    const told = await press(user, found, action).catch((error: unknown) => {
      log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'a press could not be noted');
      return NOT_DONE;
    });
    return {
      async after() {
        onAnswer();
        if (told) await respond(found, { response_type: 'ephemeral', replace_original: false, text: escapeText(told) });
      },
    };
  };
}
