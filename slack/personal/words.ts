import type { PersonalOffer } from '../../access/people-access.ts';
import { PRESETS } from '../../access/presets/apply-preset.ts';
import type { MessageButton } from '../../store/outbox.ts';
import type { PersonalConnection } from '../../store/personal-connections.ts';
import { type CallbackReach, type ConnectWay, waysOf } from './grant-ways.ts';

/** The action ids of buttons; the value is the name of the connection. */
export const CONNECT_ACTION = 'bellhop_connect';
/** The same as the first, but by a device code. */
export const DEVICE_ACTION = 'bellhop_connect_device';
export const DISCONNECT_ACTION = 'bellhop_disconnect';

/** What people are told about connections of their own. */
export interface PersonalWords {
  readonly text: string;
  readonly buttons?: readonly MessageButton[];
}

export const NOTHING_OFFERED =
  'There is nothing that you can connect here. An administrator can offer services with `people: { offer: [github] }` in bellhop.yaml.';

/** The connection to the database may break when it has stored the token and not yet said so. */
export const NOT_STORED = 'It may not have been stored. Please look at `connections` and try again.';

/** Said when the press of Remove failed, so that nobody knows whether the connection is gone. */
export function notRemovedText(name: string): string {
  return `${titleOf({ name })} could not be removed just now, and may still be connected. Please look here again in a moment, and press Remove if it is still there.`;
}

/** The service's name for people: `GitHub`. */
export function titleOf({ name }: Pick<PersonalOffer, 'name'>): string {
  return PRESETS[name]?.title ?? name;
}

/** What a person pastes for an offer, and where they make it. */
export function tokenOf({ name, connection }: PersonalOffer): { readonly about: string; readonly madeAt: string } {
  const { about, madeAt } = PRESETS[name]?.personal ?? { about: 'a token of yours', madeAt: '' };
  const host = connection.rules.find(({ action }) => action === 'inject')?.host ?? '';
  return { about, madeAt: madeAt.replace('{host}', host) };
}

/** The usual way first. Where a person can choose, there is a button for each. */
export function connectButtons(offer: PersonalOffer, isRenewal: boolean, reach: CallbackReach): MessageButton[] {
  const [usual, ...others] = waysOf(offer, reach);
  const text = `${isRenewal ? 'Renew' : 'Connect'} ${titleOf(offer)}`;
  return [
    { action: CONNECT_ACTION, value: offer.name, text: usual === 'device' ? `${text} by a code` : text },
    ...(others.includes('device') ? [{ action: DEVICE_ACTION, value: offer.name, text: `${text} by a code` }] : []),
  ];
}

/** The way on where a service does not take what there is. Its form or link is that of a first connection. */
export function renewButton(name: string): MessageButton {
  return { action: CONNECT_ACTION, value: name, text: `Renew ${titleOf({ name })}` };
}

/** The answer to `connections`. */
export function connectionsText(
  offers: readonly PersonalOffer[],
  held: readonly PersonalConnection[],
  reach: CallbackReach,
): PersonalWords {
  if (offers.length === 0 && held.length === 0) return { text: NOTHING_OFFERED };
  const lines = offers.map((offer) => {
    const own = held.find(({ connection }) => connection === offer.name);
    return `• ${titleOf(offer)} (${offer.name}): ${own ? stateOf(own) : 'not connected'}`;
  });
  const gone = held.filter(({ connection }) => !offers.some(({ name }) => name === connection));
  return {
    text: [
      'What you have connected is used in your direct messages with me and in channels that act as the person who asks, in your name. Elsewhere I ask you first, or do not use it.',
      ...lines,
      ...gone.map(({ connection }) => `• ${connection}: not offered any more, so it is not used`),
      'To test one, write `test` and its name; to remove one, `disconnect` and its name.',
    ].join('\n'),
    buttons: offers.flatMap((offer) => {
      const isRenewal = held.some(({ connection }) => connection === offer.name);
      return connectButtons(offer, isRenewal, reach);
    }),
  };
}

/** `connected on 3 May 2026`, with the end of a secret that has one. */
export function stateOf({
  addedAt,
  expiresAt,
  refusedAt,
  way,
}: Pick<PersonalConnection, 'addedAt' | 'expiresAt' | 'refusedAt' | 'way'>): string {
  if (refusedAt && way === 'token')
    return `refused by the service since ${dayOf(refusedAt)} (401), so I cannot use it: press Renew and paste a new one`;
  if (refusedAt) return `not renewed by the service since ${dayOf(refusedAt)}: connect it again`;
  return `connected on ${dayOf(addedAt)}${expiresAt ? `, ends on ${dayOf(expiresAt)}` : ''}`;
}

/** The answer to `connect github`. */
export function connectText(offer: PersonalOffer, isRenewal: boolean, reach: CallbackReach): PersonalWords {
  const ways = waysOf(offer, reach);
  if (!ways.includes('token'))
    return { text: grantText(offer, ways, reach), buttons: connectButtons(offer, isRenewal, reach) };
  const { about, madeAt } = tokenOf(offer);
  return {
    text: [
      `To work in your name with ${titleOf(offer)} I need ${about}.${madeAt ? ` You make one at ${madeAt}` : ''}`,
      'Press the button and paste it there. Never write it in a message.',
    ].join('\n'),
    buttons: connectButtons(offer, isRenewal, reach),
  };
}

function grantText(offer: PersonalOffer, ways: readonly ConnectWay[], reach: CallbackReach): string {
  const title = titleOf(offer);
  const here = reach === 'loopback' ? ', in a browser on the machine where I run' : '';
  return [
    `To work in your name with ${title} I need you to allow it there.`,
    ...(ways.includes('browser') ? [`Press the button: I show you a link to ${title}${here}.`] : []),
    ...(ways.includes('device') ? [`By a code: I show you one, and you enter it at ${title}, on any device.`] : []),
    'Afterwards I ask you here whether the account is yours. Only then is it connected.',
  ].join('\n');
}

/** The answer to `connect` with a name that is not offered. */
export function notOfferedText(name: string, offers: readonly PersonalOffer[]): PersonalWords {
  if (offers.length === 0) return { text: NOTHING_OFFERED };
  return { text: `I cannot connect ${name}. You can connect: ${offers.map((each) => each.name).join(', ')}.` };
}

/** Said when a connection is stored. Whether it works is tested after that. */
export function isConnectedText(offer: Pick<PersonalOffer, 'name'>): string {
  return `${titleOf(offer)} is connected. I use it in your direct messages with me, in your name. To remove it, write \`disconnect ${offer.name}\`.`;
}

/**
 * The answer to `disconnect github`.
 * @param wasThere whether there was such a connection
 */
export function disconnectedText(name: string, wasThere: boolean): string {
  return wasThere
    ? `${name} is removed, and my next request goes without it. The token itself still works elsewhere: delete it where you made it.`
    : `You have not connected ${name}.`;
}

function dayOf(date: Date): string {
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
}
