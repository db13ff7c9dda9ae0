import type { PersonalOffer } from '../../access/people-access.ts';
import { isByOAuth } from '../../access/personal-access.ts';
import type { Owner } from '../../store/personal-connections.ts';
import type { GrantWay } from '../../store/personal-grants.ts';

/** Whose browsers can be led back to this gateway: everybody's, those of its own machine, or nobody's. */
export type CallbackReach = 'public' | 'loopback' | 'none';

/** The ways in which a person can add an offer here. */
export type ConnectWay = GrantWay | 'token';

/** Where a press of a button came from. */
export interface PressPlace {
  readonly channel: string;
  readonly threadTs: string;
}

/** Begins attempts to grant a token by OAuth. */
export interface GrantDoor {
  readonly reach: CallbackReach;
  /**
   * Begins an attempt by the browser, and returns the link. It is in no row: only its state's digest is.
   * @throws while nothing can be stored
   */
  browser(owner: Owner, offer: PersonalOffer, place: PressPlace | null): Promise<string>;
  /** Begins an attempt by a device code, which will be shown in this form. */
  device(owner: Owner, offer: PersonalOffer, place: PressPlace | null, viewId: string): Promise<void>;
}

/** Nothing can be granted: there is no listener and nothing that seals. */
export const NO_GRANTS: GrantDoor = {
  reach: 'none',
  browser: () => Promise.reject(new Error('no listener waits for answers of browsers')),
  device: () => Promise.reject(new Error('nothing can be granted here')),
};

/**
 * OAuth goes before a pasted token. Where the offer has a client, but no answer can come here and its service knows no device
 * authorization, a token is pasted all the same.
 */
export function waysOf(offer: PersonalOffer, reach: CallbackReach): readonly ConnectWay[] {
  if (!isByOAuth(offer)) return ['token'];
  const ways: ConnectWay[] = [
    ...(reach === 'none' ? [] : (['browser'] as const)),
    ...(offer.oauth.deviceUrl === null ? [] : (['device'] as const)),
  ];
  return ways.length === 0 ? ['token'] : ways;
}
