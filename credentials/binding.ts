import type { CredentialUse } from '../access/credential-use.ts';
import type { Connection } from '../access/document.ts';
import type { ScopeKey } from '../contracts/scope.ts';

/**
 * What a credential is sealed for. The binding is authenticated with the ciphertext and also written inside it.
 * Therefore a stored credential opens only for the connection, version, hosts, ports, use, authorities and owner it was
 * sealed for.
 */
export interface CredentialBinding {
  readonly connection: string;
  readonly version: number;
  /** Of all rules that attach the credential. */
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
  /** The kind, and everything else that the document says about the use of the secret. */
  readonly use: CredentialUse;
  /** PEM of the authorities that its hosts are verified against. Null for the usual ones. */
  readonly ca: string | null;
  /** The person whose own connection it is. Absent for connections of the access file. */
  readonly owner?: ScopeKey;
}

/** The binding of a connection as the current document describes it. */
export function bindingOf({ id, credentialVersion, rules, credential, ca, owner }: Connection): CredentialBinding {
  const injecting = rules.filter(({ action }) => action === 'inject');
  return {
    connection: id,
    version: credentialVersion,
    hosts: injecting.map(({ host }) => host),
    ports: injecting.flatMap(({ port }) => port ?? []),
    use: credential,
    ca,
    ...(owner !== undefined && { owner }),
  };
}

/**
 * The same text for equal bindings: hosts and ports sorted and without repetitions, fields in a fixed order. Those of
 * the use are sorted by name, because the database does not keep their order.
 */
export function bindingText(binding: CredentialBinding): string {
  return JSON.stringify([
    binding.connection,
    binding.version,
    [...new Set(binding.hosts)].sort(),
    [...new Set(binding.ports)].sort((a, b) => a - b),
    Object.entries(binding.use).sort(([a], [b]) => (a < b ? -1 : 1)),
    binding.ca,
    ...(binding.owner === undefined ? [] : [binding.owner]),
  ]);
}
