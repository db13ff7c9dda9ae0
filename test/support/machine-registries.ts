import { lookup } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { registryDomains } from '../../access/registries/registry-domains.ts';
import { REGISTRY_NAMES, type RegistryMirrors, type RegistryName } from '../../contracts/registries.ts';
import { classify } from '../../proxy/dialer/address-class.ts';
import { registryMirrors } from '../../setup/registry-mirrors.ts';

/** The registries of this machine, by its clients' own configuration and its resolver; nothing about them is written here. */
export interface MachineRegistries {
  /** As an operator of this machine would write them in `operator.yaml`: mirrors, and where they are. */
  readonly mirrors: RegistryMirrors;
  /** Registries that this network knows: at least the hosts that their clients ask first. */
  readonly served: ReadonlySet<RegistryName>;
  /** Files with the authorities that this machine adds to the usual ones. */
  readonly caBundles: readonly string[];
}

export async function machineRegistries(): Promise<MachineRegistries> {
  const found = await registryMirrors(process.env);
  const entries = await Promise.all(REGISTRY_NAMES.map(async (name) => [name, await locate(name, found)] as const));
  const named = [process.env.NODE_EXTRA_CA_CERTS, process.env.SSL_CERT_FILE].filter((file) => file !== undefined);
  return {
    mirrors: Object.fromEntries(
      entries.map(([name, { addresses }]) => [name, { url: null, also: [], ...found[name], addresses }]),
    ),
    served: new Set(entries.filter(([, { served }]) => served).map(([name]) => name)),
    caBundles: [...new Set(named)].filter((file) => existsSync(file)),
  };
}

async function locate(name: RegistryName, mirrors: RegistryMirrors) {
  const addresses = new Map<string, { range: string; port: number }>();
  const known = await Promise.all(
    registryDomains(name, mirrors).map(async ({ host, port }) => {
      const found = await lookup(host, { all: true }).catch(() => []);
      for (const { address } of found) {
        if (classify(address)?.kind === 'public') continue;
        const range = `${address}/${address.includes(':') ? 128 : 32}`;
        addresses.set(`${range}:${port}`, { range, port });
      }
      return found.length > 0;
    }),
  );
  return { addresses: [...addresses.values()], served: known[0] === true };
}
