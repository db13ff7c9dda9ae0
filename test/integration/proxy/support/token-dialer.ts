import type { TokenHost } from '../../../../proxy/credentials/tokens/guarded-fetch.ts';
import { createAddressGuard } from '../../../../proxy/dialer/address-guard.ts';
import { createGuardedDialer, type GuardedDialer } from '../../../../proxy/dialer/guarded-dialer.ts';
import { createBoundedResolve } from '../../../../proxy/dialer/resolve.ts';
import { createTrust } from '../../../../proxy/dialer/trust.ts';

/** The guarded dialer of the proxy, for hosts that an origin on this machine stands for. */
export function createTokenDialer(
  origin: { readonly port: number },
  hosts: readonly string[],
  trusted: readonly string[],
): { readonly dialer: GuardedDialer; readonly host: TokenHost } {
  const { port } = origin;
  const dialer = createGuardedDialer({
    guard: createAddressGuard({ ceilings: [{ range: '127.0.0.0/8', ports: [port] }], own: [] }),
    resolve: createBoundedResolve(async (host) => {
      throw Object.assign(new Error(`${host} is unknown`), { code: 'ENOTFOUND' });
    }),
    staticNames: new Map(hosts.map((host) => [host, { address: '127.0.0.1', port }])),
    trust: createTrust(trusted),
  });
  const host: TokenHost = { exceptions: [{ range: '127.0.0.1/32', port }], scope: 'token:test', own: null };
  return { dialer, host };
}
