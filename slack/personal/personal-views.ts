import type { PersonalOffer } from '../../access/people-access.ts';
import type { PersonalConnection } from '../../store/personal-connections.ts';
import type { Fields } from '../api/fields.ts';
import type { CallbackReach } from './grant-ways.ts';
import {
  connectButtons,
  DISCONNECT_ACTION,
  NOTHING_OFFERED,
  notRemovedText,
  stateOf,
  titleOf,
  tokenOf,
} from './words.ts';

/** The callback id of the form; the ids of its one input. */
export const CONNECT_VIEW = 'bellhop_connect';
export const TOKEN_BLOCK = 'token';
export const TOKEN_ACTION = 'token';

/** What the form carries from the button to its submission (Slack: `private_metadata`). Nothing in it is a secret. */
export interface ConnectContext {
  readonly connection: string;
  /** The direct message in which the button was pressed. Null for the Home tab. */
  readonly place: { readonly channel: string; readonly threadTs: string } | null;
}

const plain = (text: string) => ({ type: 'plain_text', text });
const mrkdwn = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
/** The longest title that Slack takes. */
const MOST_TITLE = 24;
/** The longest value that Slack takes in a field. */
const MOST_TOKEN = 3_000;

/** The form into which a person pastes a token (docs.slack.dev/reference/views/modal-views). */
export function connectView(offer: PersonalOffer, context: ConnectContext): Fields {
  const { about, madeAt } = tokenOf(offer);
  return {
    type: 'modal',
    callback_id: CONNECT_VIEW,
    private_metadata: JSON.stringify(context),
    title: plain(`Connect ${titleOf(offer)}`.slice(0, MOST_TITLE)),
    submit: plain('Connect'),
    close: plain('Cancel'),
    blocks: [
      mrkdwn(
        `Paste ${about}.${madeAt ? ` You make one here: ${madeAt}` : ''}\nIt is sealed at once. Nobody can read it back, and I use it in your name only: in your direct messages with me, in channels that act as the person who asks, and elsewhere when you have allowed it there.`,
      ),
      {
        type: 'input',
        block_id: TOKEN_BLOCK,
        label: plain('Token'),
        element: { type: 'plain_text_input', action_id: TOKEN_ACTION, max_length: MOST_TOKEN },
      },
    ],
  };
}

/** The Home tab: what is offered, and what of it this person has connected. */
export function homeView(
  offers: readonly PersonalOffer[],
  held: readonly PersonalConnection[],
  reach: CallbackReach,
): Fields {
  const gone = held.filter(({ connection }) => !offers.some(({ name }) => name === connection));
  return {
    type: 'home',
    blocks: [
      { type: 'header', text: plain('Your connections') },
      mrkdwn(
        offers.length + held.length === 0
          ? NOTHING_OFFERED
          : 'I use them in your name only: in your direct messages with me, in channels that act as the person who asks, and elsewhere when you have allowed it there.',
      ),
      ...offers.flatMap((offer) => {
        const own = held.find(({ connection }) => connection === offer.name);
        const connect = connectButtons(offer, own !== undefined, reach);
        const buttons = [
          ...connect.map(({ action, value, text }) => button(action, value, text)),
          ...(own ? [removeButton(offer.name)] : []),
        ];
        return [
          mrkdwn(`*${titleOf(offer)}*: ${own ? stateOf(own) : 'not connected'}`),
          { type: 'actions', block_id: `own/${offer.name}`, elements: buttons },
        ];
      }),
      ...gone.flatMap(({ connection }) => [
        mrkdwn(`*${connection}*: not offered any more, so it is not used`),
        { type: 'actions', block_id: `own/${connection}`, elements: [removeButton(connection)] },
      ]),
    ],
  };
}

/** Says that a press of Remove did nothing, or nothing yet. */
export function notRemovedView(name: string): Fields {
  return { type: 'modal', title: plain('Not removed'), close: plain('Close'), blocks: [mrkdwn(notRemovedText(name))] };
}

function removeButton(name: string): Fields {
  return { ...button(DISCONNECT_ACTION, name, 'Remove'), style: 'danger' };
}

function button(action: string, value: string, text: string): Fields {
  return { type: 'button', action_id: action, value, text: plain(text) };
}
