import type { EgressEvent } from '../../../contracts/egress.ts';

/** What a request's own destination says it received. Only known where Bellhop can ask the destination. */
export interface OriginView {
  /** `Bearer ••••`; null when the request arrived without a credential. */
  readonly credential: string | null;
  /** A few digits of a digest, to recognise a credential by. */
  readonly fingerprint: string | null;
  /** Whom it took the sender for. */
  readonly caller: string | null;
}

/** One request, as the egress list shows it. */
export interface EgressItem {
  readonly event: EgressEvent;
  /** The scope that the deciding rule is attached to, for people: `#platform-eng`. */
  readonly scopeLabel: string | null;
  /** Null when the destination was not asked, or has not answered yet. */
  readonly origin: OriginView | null;
  /** All requests that ever reached this host, where the destination counts them. */
  readonly hits: number | null;
}
