/** Buttons and forms by which a person adds and removes connections of their own, and the Home tab that shows them. */

import type { Off } from '../../access/effective-access.ts';
import type { PersonalOffer } from '../../access/people-access.ts';
import { personScope, type ScopeKey } from '../../contracts/scope.ts';
import { inTransaction } from '../../store/database.ts';
import { putMessage } from '../../store/outbox.ts';
import {
  type Owner,
  personalConnectionsOf,
  removePersonalConnection,
  removePersonalConnections,
} from '../../store/personal-connections.ts';
import { removePersonalSettings } from '../../store/personal-settings.ts';
import { askForTest, type TestPlace } from '../../store/personal-tests.ts';
import { type Fields, fieldsOf } from '../api/fields.ts';
import type { GrantedCalls } from '../api/paced-calls.ts';
import type { Directory } from '../people/directory.ts';
import type { SlackUser } from '../people/directory-shapes.ts';
import { createConfirmation } from './confirm-grant.ts';
import {
  askingView,
  CONFIRM_ACTION,
  CONFIRM_VIEW,
  linkView,
  notStoredView,
  PROOF_ACTION,
  PROOF_BLOCK,
  sorryView,
} from './grant-views.ts';
import { type GrantDoor, waysOf } from './grant-ways.ts';
import type { HomeParts } from './home-parts.ts';
import {
  CONNECT_VIEW,
  type ConnectContext,
  connectView,
  homeView,
  TOKEN_ACTION,
  TOKEN_BLOCK,
} from './personal-views.ts';
import { createRemoval } from './press-remove.ts';
import type { Handled, PressOptions } from './presses.ts';
import { createSettingsForm, INSTRUCTIONS_BLOCK, INSTRUCTIONS_VIEW } from './settings-form.ts';
import { INSTRUCTIONS_ACTION } from './settings-words.ts';
import { CONNECT_ACTION, DEVICE_ACTION, DISCONNECT_ACTION, isConnectedText, NOT_STORED, tokenOf } from './words.ts';

export interface PersonalInteractionsOptions extends PressOptions {
  readonly calls: GrantedCalls;
  readonly directory: Pick<Directory, 'person' | 'personChanged'>;
  /** What the applied access file offers to people. */
  readonly offers: () => Promise<readonly PersonalOffer[]>;
  /** The models among which people choose. */
  readonly models: () => Promise<readonly string[]>;
  readonly whyOff: (scope: ScopeKey) => Promise<Off | null>;
  readonly keepToken: KeepToken;
  /** Begins attempts to grant a token by OAuth. */
  readonly grants: GrantDoor;
  /** What the Home tab says beside what is a person's own. */
  readonly home: HomeParts;
}

/**
 * Seals a token for its owner and stores it. Returns why the text cannot be the token of this service; null when it is
 * stored. It throws when nothing could be stored, and no error holds anything of the text.
 */
export type KeepToken = (owner: Owner, offer: PersonalOffer, token: string) => Promise<string | null>;

export interface PersonalInteractions {
  /** Null for everything that is not about connections and settings of a person. It throws nothing of what a person entered. */
  handle(body: unknown): Promise<Handled | null>;
  /** Removes what an account had whose end this event tells. @throws while the database is away */
  noteAccount(body: unknown): Promise<void>;
  showHome(user: string): Promise<void>;
}

/** One for each gateway. */
export function createPersonalInteractions(options: PersonalInteractionsOptions): PersonalInteractions {
  const { database, calls, identity, directory, offers, models, whyOff, keepToken, grants, onAnswer, log } = options;
  const { team } = identity;

  const failed = (what: string) => (error: unknown) =>
    log.warn({ reason: error instanceof Error ? error.message : String(error) }, what);

  async function showHome(user: string): Promise<void> {
    const owner = { team, person: user };
    const view = homeView(await offers(), await personalConnectionsOf(database, owner), grants.reach);
    const isMember = (await directory.person(user).catch(() => null))?.class === 'member';
    const reach = isMember ? await options.home.reach(user) : [];
    const blocks = [
      ...options.home.about,
      ...(view.blocks as object[]),
      ...(await settings.homeBlocks(owner)),
      ...reach,
    ];
    await calls.call('views.publish', { user_id: user, view: { ...view, blocks } });
  }

  const showHomeLater = (user: string) => showHome(user).catch(failed('a Home tab could not be shown'));

  /** Null: they may. Otherwise what they are told. */
  async function whyNot(user: string): Promise<string | null> {
    const person = await directory.person(user).catch(() => null);
    if (person?.class !== 'member') return 'Only members of this workspace can do this. Please try again in a moment.';
    const off = await whyOff(personScope(team, user));
    return off === null ? null : 'Direct messages are switched off here, so this would be of no use.';
  }

  const open = (trigger: unknown, view: object) => calls.call('views.open', { trigger_id: trigger, view });

  async function openForm(user: string, body: Fields, name: string, wanted: 'usual' | 'device'): Promise<void> {
    const offer = (await offers()).find((each) => each.name === name);
    if (!offer || typeof body.trigger_id !== 'string') return;
    const ways = waysOf(offer, grants.reach);
    const way = wanted === 'device' && ways.includes('device') ? 'device' : ways[0];
    const place = placeOf(body);
    if (way === 'token') {
      const context: ConnectContext = { connection: name, place };
      await open(body.trigger_id, connectView(offer, context));
      return;
    }
    const problem = await whyNot(user);
    if (problem) return void (await open(body.trigger_id, sorryView(name, problem)));
    const owner = { team, person: user };
    if (way === 'browser') {
      const link = await grants.browser(owner, offer, place);
      return void (await open(body.trigger_id, linkView(offer, link, grants.reach)));
    }
    const opened = fieldsOf((await open(body.trigger_id, askingView(offer))).view);
    await grants.device(owner, offer, place, String(opened.id));
  }

  async function openConfirmation(user: string, body: Fields, name: string): Promise<void> {
    if (typeof body.trigger_id !== 'string') return;
    await open(body.trigger_id, await confirmation.form({ team, person: user }, name));
  }

  const settings = createSettingsForm({ database, calls, models, whyNot });
  const remove = createRemoval({ database, calls, failed });
  const confirmation = createConfirmation({ database, offers, whyNot });

  async function disconnect(user: string, name: string, trigger: unknown): Promise<void> {
    if (await remove({ team, person: user }, name, trigger)) await showHomeLater(user);
  }

  function pressed(user: string, body: Fields): Handled | null {
    const action = Array.isArray(body.actions) ? fieldsOf((body.actions as unknown[])[0]) : {};
    const { action_id: id, value } = action;
    if (typeof value !== 'string') return null;
    const notOpened = failed('a form could not be opened');
    if (id === CONNECT_ACTION) return { after: () => openForm(user, body, value, 'usual').catch(notOpened) };
    if (id === DEVICE_ACTION) return { after: () => openForm(user, body, value, 'device').catch(notOpened) };
    if (id === CONFIRM_ACTION) return { after: () => openConfirmation(user, body, value).catch(notOpened) };
    const { trigger_id: trigger } = body;
    if (id === INSTRUCTIONS_ACTION && typeof trigger === 'string') {
      return { after: () => settings.open({ team, person: user }, trigger).catch(notOpened) };
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
    const entered = enteredIn(view, TOKEN_BLOCK, TOKEN_ACTION);
    const token = typeof entered === 'string' ? entered.trim() : '';
    if (offer.connection.credential.kind === 'basic' && !/^[^:]+:./.test(token)) {
      return refused(`Enter ${tokenOf(offer).about.replaceAll('`', '')}, with the colon between them.`);
    }
    const wrong = await keepToken({ team, person: user }, offer, token);
    if (wrong) return refused(`This cannot be used: ${wrong}.`);
    const late = await whyNot(user);
    if (late) {
      await removePersonalConnection(database, { team, person: user }, offer.name);
      return refused(late);
    }
    return { after: () => tellConnected(user, String(view.id), offer, context.place) };
  }

  /** The letters of the page in the browser, and that the account is theirs. */
  async function confirmed(user: string, view: Fields): Promise<Handled> {
    const asked = confirmContextOf(view.private_metadata);
    if (!asked) return {};
    const letters = enteredIn(view, PROOF_BLOCK, PROOF_ACTION);
    const { connected, ...answer } = await confirmation.submitted(
      { team, person: user },
      asked,
      typeof letters === 'string' ? letters : '',
    );
    if (!connected) return answer;
    return { after: () => tellConnected(user, String(view.id), connected.offer, connected.place) };
  }

  async function submittedInstructions(user: string, view: Fields): Promise<Handled> {
    try {
      const handled = await settings.submitted({ team, person: user }, enteredIn(view, INSTRUCTIONS_BLOCK));
      return handled.response ? handled : { after: () => showHomeLater(user) };
    } catch (error) {
      failed('instructions could not be stored')(error);
      const errors = {
        [INSTRUCTIONS_BLOCK]: 'They may not have been stored. Please look at `instructions` and try again.',
      };
      return { response: { response_action: 'errors', errors } };
    }
  }

  /** One message says that it is connected, and what came of its test. Where nobody asked in a message, it comes after the test. */
  async function tellConnected(
    user: string,
    view: string,
    offer: PersonalOffer,
    place: TestPlace | null,
  ): Promise<void> {
    const key = `connected/${view}`;
    const body = { kind: 'notice', text: `${isConnectedText(offer)} I am testing it.` } as const;
    // Slack opens the direct message for a post to a person's id (docs.slack.dev, chat.postMessage), but edits nothing by it.
    const where = place ?? { channel: user, threadTs: null };
    await inTransaction(database, async (tx) => {
      if (place) await putMessage(tx, { key, team, ...place, body, final: false });
      await askForTest(tx, { key, team, person: user, connection: offer.name }, where, true);
    }).then(onAnswer, failed('it could not be told'));
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
      if (found.type !== 'view_submission') return null;
      if (view.callback_id === INSTRUCTIONS_VIEW) return submittedInstructions(user, view);
      const isConfirmed = view.callback_id === CONFIRM_VIEW;
      if (!isConfirmed && view.callback_id !== CONNECT_VIEW) return null;
      try {
        return await (isConfirmed ? confirmed(user, view) : submitted(user, view));
      } catch (error) {
        failed('a personal connection could not be stored')(error);
        return isConfirmed ? { response: { response_action: 'update', view: notStoredView() } } : refused(NOT_STORED);
      }
    },
    async noteAccount(body) {
      const event = fieldsOf(fieldsOf(body).event);
      const user = fieldsOf(event.user);
      if (event.type !== 'user_change' || user.deleted !== true || typeof user.id !== 'string') return;
      // First the end, then the removal: see `submitted`.
      await directory.personChanged(user as SlackUser);
      await removePersonalConnections(database, { team, person: user.id });
      await removePersonalSettings(database, { team, person: user.id });
    },
  };
}

/** What a person entered into a field of a form. */
function enteredIn(view: Fields, block: string, action = block): unknown {
  const values = fieldsOf(fieldsOf(fieldsOf(view.state).values)[block]);
  return fieldsOf(values[action]).value;
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

function confirmContextOf(text: unknown): { readonly connection: string; readonly version: number } | null {
  try {
    const { connection, version } = fieldsOf(JSON.parse(String(text)));
    return typeof connection === 'string' && typeof version === 'number' ? { connection, version } : null;
  } catch {
    return null;
  }
}
