import type { Clients } from '../listener/clients.ts';
import type { PersonalFeed } from '../policy/personal-feed.ts';
import type { PolicyFeed } from '../policy/policy-feed.ts';
import { Refusal } from '../refusal.ts';
import type { Admission } from '../request/admission.ts';
import { refusalOf } from '../request/judge-request.ts';
import type { BlindTunnels } from './blind-tunnels.ts';
import type { Connecting, Intercept } from './intercept.ts';
import { judgeConnect } from './judge-connect.ts';

/**
 * Admits and judges a CONNECT, or the TLS of a client that knows of no proxy, and carries it until it is over.
 * @throws Refusal, ClientGone
 */
export type OpenTunnel = (connecting: Connecting) => Promise<void>;

export interface OpenTunnelOptions {
  readonly admission: Admission;
  readonly clients: Clients;
  readonly policy: Pick<PolicyFeed, 'accessTo'>;
  readonly personal: PersonalFeed;
  readonly intercept: Intercept;
  readonly blind: BlindTunnels;
}

/**
 * The one way into a tunnel, shared by CONNECT (handle-connect.ts) and by clients that know of no proxy
 * (direct-tls.ts).
 */
export function createOpenTunnel({
  admission,
  clients,
  policy,
  personal,
  intercept,
  blind,
}: OpenTunnelOptions): OpenTunnel {
  return async (connecting) => {
    const { exchange, authority } = connecting;
    const { client } = exchange;
    const asked = personal.heldBy(admission.admit(client).request);
    const held = asked === null ? [] : await asked;
    // Time may have passed. What is admitted and counted now is so until the tunnel is there.
    const lease = admission.admit(client);
    if (!clients.hasTunnelRoom(client))
      throw new Refusal('too_many_tunnels', 'This sandbox has too many open tunnels.');
    const { scope, principal } = lease.request;
    const verdict = judgeConnect(authority, policy.accessTo(authority.host, scope, held, principal));
    if (verdict.way === 'blocked') throw refusalOf(exchange, verdict.decision);
    if (verdict.way === 'intercept') await intercept(connecting);
    else await blind.carry({ ...connecting, scope, ...verdict });
  };
}
