import { constants } from 'node:crypto';
import tls, { type SecureContext } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { LRUCache } from 'lru-cache';
import type { CanonicalHost } from '../../access/host-name.ts';
import { type CertificateAuthority, pemOf, serialNumber } from './certificate-authority.ts';

export interface LeafCertificates {
  /**
   * The certificate of one host for one sandbox. Sandboxes share no certificates: their dates would tell one sandbox
   * when another first asked for a host. `onMint` is called before a new one is made, and may throw to prevent it.
   */
  contextFor(sandbox: string, host: CanonicalHost, onMint: () => void): Promise<SecureContext>;
  readonly size: number;
}

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const LIFE_MS = 7 * DAY_MS;
/** 1,000 contexts take about 23 MB. */
const MAX_KEPT = 1_000;

/** Makes certificates for single hosts. They last seven days and share one key; the last thousand used are kept. */
export async function createLeafCertificates(
  authority: CertificateAuthority,
  { max = MAX_KEPT }: { max?: number } = {},
): Promise<LeafCertificates> {
  const keys = await crypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  const key = `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`;
  // A certificate is dropped a day before it ends, so that none ends while it is in use.
  const kept = new LRUCache<string, Promise<SecureContext>>({ max, ttl: LIFE_MS - DAY_MS });

  async function mint(host: CanonicalHost): Promise<SecureContext> {
    const now = Date.now();
    const certificate = await x509.X509CertificateGenerator.create(
      {
        serialNumber: serialNumber(),
        issuer: authority.certificate.subject,
        notBefore: new Date(now - DAY_MS),
        notAfter: new Date(Math.min(now + LIFE_MS, authority.certificate.notAfter.getTime())),
        publicKey: keys.publicKey,
        signingKey: authority.privateKey,
        signingAlgorithm: SIGNING,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          // Critical, because the certificate has no subject name besides this one (RFC 5280 4.2.1.6).
          new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }], true),
          await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        ],
      },
      crypto,
    );
    return tls.createSecureContext({
      cert: pemOf(certificate),
      key,
      minVersion: 'TLSv1.2',
      honorCipherOrder: true,
      // No session tickets, so that no connection resumes another one. One handshake for each connection.
      secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    });
  }

  return {
    contextFor(sandbox, host, onMint) {
      const name = `${sandbox}/${host}`;
      const found = kept.get(name);
      if (found) return found;
      onMint();
      const minting = mint(host);
      kept.set(name, minting);
      minting.catch(() => kept.delete(name));
      return minting;
    },
    get size() {
      return kept.size;
    },
  };
}
