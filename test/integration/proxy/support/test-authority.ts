import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** An authority for the origins of a test, as an operator's private one would be. */
export interface TestAuthority {
  readonly pem: string;
  issue(host: string, options?: { notAfter?: Date; selfSigned?: boolean }): Promise<{ key: string; cert: string }>;
}

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** @param name its common name; an NSS database takes two certificates of one name for one */
export async function createTestAuthority(name = 'Test origins'): Promise<TestAuthority> {
  const keys = await crypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    keys,
    signingAlgorithm: SIGNING,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  return {
    pem: `${authority.toString('pem')}\n`,
    async issue(host, { notAfter = new Date(Date.now() + DAY_MS), selfSigned = false } = {}) {
      const leaf = await crypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
      const certificate = await x509.X509CertificateGenerator.create({
        issuer: selfSigned ? `CN=${host}` : authority.subject,
        subject: selfSigned ? `CN=${host}` : '',
        notBefore: new Date(Date.now() - 2 * DAY_MS),
        notAfter,
        publicKey: leaf.publicKey,
        signingKey: selfSigned ? leaf.privateKey : keys.privateKey,
        signingAlgorithm: SIGNING,
        extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }], !selfSigned)],
      });
      const pkcs8 = await crypto.subtle.exportKey('pkcs8', leaf.privateKey);
      return { cert: `${certificate.toString('pem')}\n`, key: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n` };
    },
  };
}
