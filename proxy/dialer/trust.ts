import tls, { type SecureContext } from 'node:tls';
import { systemRoots } from '../ca-bundle.ts';

/** What a connection brings to TLS with its hosts. Null stands for the usual. */
export interface OwnTls {
  /** PEM text of the authorities that its hosts are verified against, instead of the usual ones. */
  readonly ca: string | null;
  readonly client: ClientCertificate | null;
}

/** How the proxy proves who it is in TLS. Both are PEM text. */
export interface ClientCertificate {
  /** The certificate, then those of its issuers. */
  readonly certificate: string;
  /** Without a passphrase. */
  readonly key: string;
}

export interface Trust {
  /** The system's roots and those that the operator added. */
  readonly usual: SecureContext;
  /** @throws Error when a certificate or the key cannot be read, or they do not belong together */
  of(own: OwnTls): SecureContext;
}

/** What upstream certificates are verified against. Nothing switches the verification off. */
export function createTrust(added: readonly string[]): Trust {
  const roots = [...systemRoots(), ...added];
  const minVersion = 'TLSv1.2';
  return {
    usual: tls.createSecureContext({ ca: roots, minVersion }),
    of: ({ ca, client }) =>
      tls.createSecureContext({
        ca: ca ?? roots,
        minVersion,
        ...(client ? { cert: client.certificate, key: client.key } : {}),
      }),
  };
}
