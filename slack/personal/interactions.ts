/** Buttons and the form by which a person adds and removes connections of their own, and the Home tab that shows them. */
import type { PersonalOffer } from '../../access/document.ts';
import type { Off } from '../../access/effective-access.ts';
import { personScope, type ScopeKey } from '../../contracts/scope.ts';
import type { Database } from '../../store/database.ts';
import { putMessage } from '../../store/outbox.ts';
import {
  type Owner,
  personalConnectionsOf,
  removePersonalConnection,
  removePersonalConnections,
} from '../../store/personal-connections.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { GrantedCalls } from '../api/paced-calls.ts';
import type { Directory } from '../people/directory.ts';
import type { SlackUser } from '../people/directory-shapes.ts';
import {
  CONNECT_VIEW,
  type ConnectContext,
  connectView,
  homeView,
  TOKEN_ACTION,
  TOKEN_BLOCK,
} from './personal-views.ts';
import { createRemoval } from './press-remove.ts';
import { CONNECT_ACTION, connectedText, DISCONNECT_ACTION, NOT_STORED } from './words.ts';

export interface PersonalInteractionsOptions {
  readonly database: Database;
  readonly calls: GrantedCalls;
  readonly identity: SlackIdentity;
  readonly directory: Pick<Directory, 'person' | 'personChanged'>;
  /** What the applied access file offers to people. */
  readonly offers: () => Promise<readonly PersonalOffer[]>;
  readonly whyOff: (scope: ScopeKey) => Promise<Off | null>;
  readonly keepToken: KeepToken;
  /** Something may be waiting in the outbox now. */
  readonly onAnswer: () => void;
  readonly log: { warn(fields: object, message: string): void };
}

/**
 * Seals a token for its owner and stores it. Returns why the text cannot be the token of this service; null when it is
 * stored. It throws when nothing could be stored, and no error holds anything of the text.
 */
export type KeepToken = (owner: Owner, offer: PersonalOffer, token: string) => Promise<string | null>;

/** How an interaction is acknowledged, and what is done after that. */
export interface Handled {
  /** What Slack is told with the acknowledgement: mistakes in a form. */
  readonly response?: object;
  readonly after?: () => Promise<void>;
}

export interface PersonalInteractions {
  /** Null for everything that is not about connections of a person. It throws nothing of what a person entered. */
  handle(body: unknown): Promise<Handled | null>;
  /** Removes what an account had whose end this event tells. @throws while the database is away */
  noteAccount(body: unknown): Promise<void>;
  showHome(user: string): Promise<void>;
}

type Fields = Readonly<Record<string, unknown>>;

export function createPersonalInteractions(options: PersonalInteractionsOptions): PersonalInteractions {
  const { database, calls, identity, directory, offers, whyOff, keepToken, onAnswer, log } = options;
  const { team } = identity;

  const failed = (what: string) => (error: unknown) =>
    log.warn({ reason: error instanceof Error ? error.message : String(error) }, what);

  async function showHome(user: string): Promise<void> {
    const held = await personalConnectionsOf(database, { team, person: user });
    await calls.call('views.publish', { user_id: user, view: homeView(await offers(), held) });
  }

  const showHomeLater = (user: string) => showHome(user).catch(failed('a Home tab could not be shown'));

  /** Null: they may. Otherwise what they are told. */
  async function whyNot(user: string): Promise<string | null> {
    const person = await directory.person(user).catch(() => null);
    if (person?.class !== 'member')
      return 'Only members of this workspace connect something. Please try again in a moment.';
    const off = await whyOff(personScope(team, user));
    return off === null ? null : 'Direct messages are switched off here, so nothing can be connected.';
  }

  async function openForm(body: Fields, name: string): Promise<void> {
    const offer = (await offers()).find((each) => each.name === name);
    if (!offer || typeof body.trigger_id !== 'string') return;
    const context: ConnectContext = { connection: name, place: placeOf(body) };
    await calls.call('views.open', { trigger_id: body.trigger_id, view: connectView(offer, context) });
  }

  const remove = createRemoval({ database, calls, failed });

  async function disconnect(user: string, name: string, trigger: unknown): Promise<void> {
    if (await remove({ team, person: user }, name, trigger)) await showHomeLater(user);
  }

  function pressed(user: string, body: Fields): Handled | null {
    const action = Array.isArray(body.actions) ? fieldsOf((body.actions as unknown[])[0]) : {};
    const { action_id: id, value } = action;
    if (typeof value !== 'string') return null;
    if (id === CONNECT_ACTION) {
      return { after: () => openForm(body, value).catch(failed('a form could not be opened')) };
    }
    if (id === DISCONNECT_ACTION) {
      return { after: () => disconnect(user, value, body.trigger_id) };
    }
    return null;
  }

  /**
   * The account may end while its form is handled:
   * 1. The form is looked at, and its person is a member.
   * 2. Slack tells the end of the account. That is stored, and then what the account had is removed.
   * 3. The token of the form is stored.
   * Therefore the person is looked up once more after storing. If the token was stored after the removal, this look finds that the account has ended.
   */
  async function submitted(user: string, view: Fields): Promise<Handled> {
    const context = contextOf(view.private_metadata);
    const offer = (await offers()).find(({ name }) => name === context?.connection);
    if (!context || !offer) return refused('This is not offered any more. Ask an administrator.');
    const problem = await whyNot(user);
    if (problem) return refused(problem);
    const values = fieldsOf(fieldsOf(fieldsOf(view.state).values)[TOKEN_BLOCK]);
    const token = fieldsOf(values[TOKEN_ACTION]).value;
    const wrong = await keepToken({ team, person: user }, offer, typeof token === 'string' ? token.trim() : '');
    if (wrong) return refused(`This cannot be used: ${wrong}.`);
    const late = await whyNot(user);
    if (late) {
      await removePersonalConnection(database, { team, person: user }, offer.name);
      return refused(late);
    }
    return { after: () => tellConnected(user, String(view.id), offer, context.place) };
  }

  async function tellConnected(
    user: string,
    view: string,
    offer: PersonalOffer,
    place: ConnectContext['place'],
  ): Promise<void> {
    if (place) {
      const body = { kind: 'notice', text: connectedText(offer) } as const;
      const target = { key: `connected/${view}`, team, ...place };
      await putMessage(database, { ...target, body, final: true }).then(onAnswer, failed('it could not be told'));
    }
    await showHomeLater(user);
  }

  return {
    showHome,
    async handle(body) {
      const found = fieldsOf(body);
      const user = fieldsOf(found.user).id;
      if (fieldsOf(found.team).id !== team || typeof user !== 'string') return null;
      if (found.type === 'block_actions') return pressed(user, found);
      const view = fieldsOf(found.view);
      if (found.type !== 'view_submission' || view.callback_id !== CONNECT_VIEW) return null;
      try {
        return await submitted(user, view);
      } catch (error) {
        failed('a personal connection could not be stored')(error);
        return refused(NOT_STORED);
      }
    },
    async noteAccount(body) {
      const event = fieldsOf(fieldsOf(body).event);
      const user = fieldsOf(event.user);
      if (event.type !== 'user_change' || user.deleted !== true || typeof user.id !== 'string') return;
      // First the end, then the removal: see `submitted`.
      await directory.personChanged(user as SlackUser);
      await removePersonalConnections(database, { team, person: user.id });
    },
  };
}

/** Shown in the form beside its field. */
function refused(words: string): Handled {
  return { response: { response_action: 'errors', errors: { [TOKEN_BLOCK]: words } } };
}

/** The thread of the message whose button was pressed. */
function placeOf(body: Fields): ConnectContext['place'] {
  const channel = fieldsOf(body.channel).id;
  const { message_ts: ts, thread_ts: thread } = fieldsOf(body.container);
  const threadTs = typeof thread === 'string' ? thread : ts;
  return typeof channel === 'string' && typeof threadTs === 'string' ? { channel, threadTs } : null;
}

function contextOf(text: unknown): ConnectContext | null {
  try {
    const found = fieldsOf(JSON.parse(String(text)));
    const { channel, threadTs } = fieldsOf(found.place);
    const place = typeof channel === 'string' && typeof threadTs === 'string' ? { channel, threadTs } : null;
    return typeof found.connection === 'string' ? { connection: found.connection, place } : null;
  } catch {
    return null;
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
