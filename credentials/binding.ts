import type { Connection, CredentialKind } from '../access/document.ts';

/**
 * What a credential is sealed for. It is authenticated together with the ciphertext and written inside it once more,
 * so that a stored credential opens for the connection, version, hosts and placement it was entered for, or not at all.
 */
export interface CredentialBinding {
  readonly connection: string;
  readonly version: number;
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
  readonly kind: CredentialKind;
  readonly placement: CredentialPlacement;
}

/** Where in a request the secret goes. */
export interface CredentialPlacement {
  /** Header name, lower-case. */
  readonly header: string;
  /** Text before the secret. */
  readonly prefix: string;
}

/** The binding of a connection as the document of the moment describes it. */
export function bindingOf(connection: Connection): CredentialBinding {
  return {
    connection: connection.id,
    version: connection.credentialVersion,
    hosts: [connection.host],
    ports: [connection.port],
    kind: connection.kind,
    placement: placementOf(connection),
  };
}

/** Where and how the credential goes into a request: the header in lower case, and what stands before the secret. */
export function placementOf({ kind, header, prefix }: Connection): CredentialPlacement {
  switch (kind) {
    case 'bearer':
      return { header: 'authorization', prefix: 'Bearer ' };
    case 'basic':
      return { header: 'authorization', prefix: 'Basic ' };
    case 'header':
      return { header: header ?? '', prefix };
  }
}

/** One text for one binding: fields in a fixed order, hosts and ports sorted. */
export function bindingText(binding: CredentialBinding): string {
  return JSON.stringify([
    binding.connection,
    binding.version,
    binding.hosts.toSorted(),
    binding.ports.toSorted((a, b) => a - b),
    binding.kind,
    [binding.placement.header, binding.placement.prefix],
  ]);
}
