/** What a person sees in Slack while they grant a token by OAuth: forms, which nobody else sees and which are stored nowhere. */

import type { PersonalOffer } from '../../access/people-access.ts';
import type { PersonalWay } from '../../access/personal-access.ts';
import type { GrantNews, OpenGrant } from '../../store/personal-grants.ts';
import type { Fields } from '../api/fields.ts';
import { escapeText } from '../rendering/mrkdwn.ts';
import type { CallbackReach } from './grant-ways.ts';
import { NOT_STORED, titleOf } from './words.ts';

/** The callback id of the form in which a person confirms; the ids of its one input. */
export const CONFIRM_VIEW = 'bellhop_confirm';
export const PROOF_BLOCK = 'proof';
export const PROOF_ACTION = 'proof';
/** The action id of the button that opens that form; the value is the name of the connection. */
export const CONFIRM_ACTION = 'bellhop_confirm';

const plain = (text: string) => ({ type: 'plain_text', text });
const mrkdwn = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
/** The longest title that Slack takes. */
const MOST_TITLE = 24;
/** `XXXX-XXXX`, with what a person may add to it. */
const MOST_PROOF = 20;

function form(title: string, texts: readonly string[], more: Fields = {}): Fields {
  return {
    type: 'modal',
    title: plain(title.slice(0, MOST_TITLE)),
    close: plain('Close'),
    ...more,
    blocks: [...texts.map(mrkdwn), ...((more.blocks as readonly Fields[] | undefined) ?? [])],
  };
}

/** The form with the link to the service. */
export function linkView(offer: PersonalOffer, url: string, reach: CallbackReach): Fields {
  const title = titleOf(offer);
  return form(`Connect ${title}`, [
    `<${escapeText(url)}|Open ${title}> and allow it there. The link is yours alone and works for ten minutes, once.`,
    ...(reach === 'loopback' ? ['It works only in a browser on the machine where I run.'] : []),
    'Then a page shows you eight letters, and I write to you here. Nothing is connected before you have entered the letters.',
  ]);
}

/** The form before the service has named a code. */
export function askingView(offer: PersonalOffer): Fields {
  const title = titleOf(offer);
  return form(`Connect ${title}`, [`I am asking ${title} for a code. It will stand here in a moment.`]);
}

/** The form with the code that the person enters at the service. */
export function codeView(name: string, userCode: string, verificationUri: string): Fields {
  const title = titleOf({ name });
  return form(`Connect ${title}`, [
    `Open <${escapeText(verificationUri)}|${escapeText(verificationUri)}> and enter this code:`,
    `*${userCode}*`,
    'It is for you alone. Give it to nobody, and enter no code that somebody else has given to you. When you have allowed it there, I write to you here.',
  ]);
}

/** Said in place of a form when it cannot go on. */
export function sorryView(name: string, words: string): Fields {
  return form(`Connect ${titleOf({ name })}`, [words]);
}

/** Nobody knows whether it was stored. */
export function notStoredView(): Fields {
  return form('Connect', [NOT_STORED]);
}

/** The form in which a person says that the account is theirs. */
export function confirmView({ connection, way, account }: OpenGrant, version: number): Fields {
  const title = titleOf({ name: connection });
  return form(
    `Connect ${title}`,
    [
      whose(title, account),
      way === 'browser'
        ? 'Enter the eight letters that the page in your browser shows. If you see no such page, or the account is not yours, close this form: then somebody else has opened your link, and nothing is connected.'
        : 'If this account is not yours, close this form: then nothing is connected.',
    ],
    {
      callback_id: CONFIRM_VIEW,
      private_metadata: JSON.stringify({ connection, version }),
      submit: plain('Connect'),
      close: plain('Cancel'),
      blocks:
        way === 'browser'
          ? [
              {
                type: 'input',
                block_id: PROOF_BLOCK,
                label: plain('Letters'),
                element: { type: 'plain_text_input', action_id: PROOF_ACTION, max_length: MOST_PROOF },
              },
            ]
          : [],
    },
  );
}

function whose(title: string, account: string | null): string {
  return account === null
    ? `${title} does not say whose account it is.`
    : `${title} says that the account is *${escapeText(account)}*.`;
}

/** What a person is told when an attempt has come to its end at the service. */
export function grantNewsText({ connection, state, account, failure }: GrantNews): string {
  const title = titleOf({ name: connection });
  if (state === 'granted') {
    return `${whose(title, account)} Press the button to connect it. Until then I do not use it, and after ten minutes from your first press I forget it.`;
  }
  return `${title} is not connected: ${failureText(title, failure ?? 'failed')} To try again, write \`connect ${connection}\`.`;
}

/** The button that opens the form in which a person confirms. */
export function confirmButton(connection: string) {
  return { action: CONFIRM_ACTION, value: connection, text: `Connect ${titleOf({ name: connection })}` };
}

function failureText(title: string, code: string): string {
  switch (code) {
    case 'access_denied':
      return 'it was not allowed there.';
    case 'expired_token':
      return 'the code was not entered in time.';
    case 'lost':
      return 'I was interrupted while I asked for the token.';
    case 'wrong_issuer':
    case 'bad_answer':
      return `the answer was not one of ${title}, so I did not use it.`;
    case 'no_client':
    case 'invalid_client':
    case 'unauthorized_client':
      return `an administrator has to look at the OAuth client of this offer (${code}).`;
    case 'dns':
    case 'connect':
    case 'timeout':
    case 'broke_off':
    case 'upstream_tls':
      return `${title} could not be reached (${code}).`;
    default:
      return code.startsWith('http_5')
        ? `${title} does not work just now (${code}).`
        : `${title} refused it (${code}).`;
  }
}

/** What a service has refused to renew. */
export function refusedText(connection: string, way: PersonalWay): string {
  const title = titleOf({ name: connection });
  if (way === 'token')
    return `${title} does not accept your token any more (401), so I cannot work with it in your name. Press the button and paste a new one, or write \`disconnect ${connection}\` to remove it.`;
  return `${title} does not renew what you granted, so I cannot use it any more. Write \`connect ${connection}\` to connect it again.`;
}
