import type { PersonalOffer } from '../../access/document.ts';
import { PRESETS } from '../../access/presets/apply-preset.ts';
import type { MessageButton } from '../../store/outbox.ts';
import type { PersonalConnection } from '../../store/personal-connections.ts';

/** The action ids of buttons; the value is the name of the connection. */
export const CONNECT_ACTION = 'bellhop_connect';
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

export function notRemovedText(name: string): string {
  return `${titleOf({ name })} could not be removed just now, and may still be connected. Please look here again in a moment, and press Remove if it is still there.`;
}

/** The service's name for people: `GitHub`. */
export function titleOf({ name }: Pick<PersonalOffer, 'name'>): string {
  return PRESETS[name]?.title ?? name;
}

/** What a person pastes for an offer, and where they make it. */
export function tokenOf({ name }: Pick<PersonalOffer, 'name'>): { readonly about: string; readonly madeAt: string } {
  return PRESETS[name]?.personal ?? { about: 'a token of yours', madeAt: '' };
}

export function connectButton(offer: PersonalOffer, isRenewal: boolean): MessageButton {
  return { action: CONNECT_ACTION, value: offer.name, text: `${isRenewal ? 'Renew' : 'Connect'} ${titleOf(offer)}` };
}

/** The answer to `connections`. */
export function connectionsText(offers: readonly PersonalOffer[], held: readonly PersonalConnection[]): PersonalWords {
  if (offers.length === 0 && held.length === 0) return { text: NOTHING_OFFERED };
  const lines = offers.map((offer) => {
    const own = held.find(({ connection }) => connection === offer.name);
    return `• ${titleOf(offer)} (${offer.name}): ${own ? stateOf(own) : 'not connected'}`;
  });
  const gone = held.filter(({ connection }) => !offers.some(({ name }) => name === connection));
  return {
    text: [
      'What you have connected is used here, in your direct messages with me, in your name, and nowhere else.',
      ...lines,
      ...gone.map(({ connection }) => `• ${connection}: not offered any more, so it is not used`),
      'To test one, write `test` and its name; to remove one, `disconnect` and its name.',
    ].join('\n'),
    buttons: offers.map((offer) =>
      connectButton(
        offer,
        held.some(({ connection }) => connection === offer.name),
      ),
    ),
  };
}

/** `connected on 3 May 2026`, with the end of a secret that has one. */
export function stateOf({ addedAt, expiresAt }: Pick<PersonalConnection, 'addedAt' | 'expiresAt'>): string {
  return `connected on ${dayOf(addedAt)}${expiresAt ? `, ends on ${dayOf(expiresAt)}` : ''}`;
}

/** The answer to `connect github`. */
export function connectText(offer: PersonalOffer, isRenewal: boolean): PersonalWords {
  const { about, madeAt } = tokenOf(offer);
  return {
    text: [
      `To work in your name with ${titleOf(offer)} I need ${about}.${madeAt ? ` You make one at ${madeAt}` : ''}`,
      'Press the button and paste it there. Never write it in a message.',
    ].join('\n'),
    buttons: [connectButton(offer, isRenewal)],
  };
}

export function notOfferedText(name: string, offers: readonly PersonalOffer[]): PersonalWords {
  if (offers.length === 0) return { text: NOTHING_OFFERED };
  return { text: `I cannot connect ${name}. You can connect: ${offers.map((each) => each.name).join(', ')}.` };
}

export function connectedText(offer: PersonalOffer): string {
  return `${titleOf(offer)} is connected. I use it in your direct messages with me, in your name. To remove it, write \`disconnect ${offer.name}\`.`;
}

export function disconnectedText(name: string, wasThere: boolean): string {
  return wasThere
    ? `${name} is removed, and my next request goes without it. The token itself still works elsewhere: delete it where you made it.`
    : `You have not connected ${name}.`;
}

function dayOf(date: Date): string {
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
}
