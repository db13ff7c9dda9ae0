import 'reflect-metadata';
import { X509Certificate as NodeCertificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 86_400_000;
const AUTHORITY_DAYS = 730;
const LEAF_DAYS = 90;

export interface ServerIdentity {
  /** Path of the authority's certificate: what an operator adds to what the proxy trusts. */
  readonly authorityPath: string;
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly key: CryptoKey;
}

/**
 * A certificate for `names` from an authority that lives in `folder` (`ca.pem`, `ca-key.pem`). The authority is kept
 * over restarts, because others have been told to trust it; the leaf is made anew at every start.
 */
export async function createServerIdentity(folder: string, names: readonly string[]): Promise<ServerIdentity> {
  x509.cryptoProvider.set(crypto);
  const authorityPath = path.join(folder, 'ca.pem');
  const keyPath = path.join(folder, 'ca-key.pem');
  await mkdir(folder, { recursive: true });
  const authority = (await readAuthority(authorityPath, keyPath)) ?? (await createAuthority(authorityPath, keyPath));
  const keys = await generateKeys();
  const leaf = await x509.X509CertificateGenerator.create({
    subject: 'CN=acme.test',
    issuer: authority.certificate.subject,
    ...validity(LEAF_DAYS),
    publicKey: keys.publicKey,
    signingKey: authority.key,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((name) => ({ type: /^[\d.]+$/.test(name) ? ('ip' as const) : ('dns' as const), value: name })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
    ],
  });
  return {
    authorityPath,
    authority: pemOf(authority.certificate),
    certificate: pemOf(leaf),
    key: await privateKeyPem(keys.privateKey),
  };
}

async function readAuthority(certificatePath: string, keyPath: string): Promise<Authority | null> {
  try {
    const [pem, keyPem] = await Promise.all([readFile(certificatePath, 'utf8'), readFile(keyPath, 'utf8')]);
    if (new NodeCertificate(pem).validToDate.getTime() < Date.now() + LEAF_DAYS * DAY) return null;
    const key = x509.PemConverter.decode(keyPem)[0];
    if (!key) return null;
    return {
      certificate: new x509.X509Certificate(pem),
      key: await crypto.subtle.importKey('pkcs8', key, ALGORITHM, true, ['sign']),
    };
  } catch {
    // Missing or unreadable: a new one does no harm, the outside world is only simulated.
    return null;
  }
}

async function createAuthority(certificatePath: string, keyPath: string): Promise<Authority> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Acme test authority, O=Acme (simulated)',
    ...validity(AUTHORITY_DAYS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writeFile(keyPath, await privateKeyPem(keys.privateKey), { mode: 0o600 });
  await writeFile(certificatePath, pemOf(certificate), { mode: 0o644 });
  return { certificate, key: keys.privateKey };
}

function generateKeys() {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function validity(days: number) {
  // A day back: clocks of containers and virtual machines are not always right.
  return { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + days * DAY) };
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

async function privateKeyPem(key: CryptoKey): Promise<string> {
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', key);
  return `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`;
}
