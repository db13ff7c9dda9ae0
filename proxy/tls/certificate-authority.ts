import 'reflect-metadata';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as x509 from '@peculiar/x509';

/** The authority that signs interception certificates. Its key exists only in this process and in its own file. */
export interface CertificateAuthority {
  readonly certificate: x509.X509Certificate;
  readonly privateKey: CryptoKey;
  /** PEM of this authority, and of the previous one after a change-over. Public. */
  readonly bundle: string;
}

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const LIFE_DAYS = 365;
/** A new authority takes over this long before the old one ends. The bundle keeps the old one. */
const RENEW_DAYS = 60;

/**
 * Opens the authority in a folder, or makes a new one. Files: `ca.key` (PKCS#8, mode 0600), `ca.crt`, and after a
 * change-over `ca-before.crt`.
 * @throws Error when the key file may be read by others
 */
export async function openCertificateAuthority(folder: string, now: Date): Promise<CertificateAuthority> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keyFile = path.join(folder, 'ca.key');
  const certificateFile = path.join(folder, 'ca.crt');
  const beforeFile = path.join(folder, 'ca-before.crt');

  if (existsSync(keyFile) && existsSync(certificateFile)) {
    if ((statSync(keyFile).mode & 0o077) !== 0) {
      throw new Error(`${keyFile} may be read by others. Run: chmod 600 ${keyFile}`);
    }
    const certificate = new x509.X509Certificate(readFileSync(certificateFile, 'utf8'));
    if (certificate.notAfter.getTime() - now.getTime() > RENEW_DAYS * DAY_MS) {
      const privateKey = await importKey(readFileSync(keyFile, 'utf8'));
      const before = existsSync(beforeFile) ? readFileSync(beforeFile, 'utf8') : '';
      return { certificate, privateKey, bundle: pemOf(certificate) + before };
    }
    renameSync(certificateFile, beforeFile);
  }

  const { certificate, keys } = await makeAuthority(now);
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  writeWhole(keyFile, `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`, 0o600);
  writeWhole(certificateFile, pemOf(certificate), 0o644);
  const before = existsSync(beforeFile) ? readFileSync(beforeFile, 'utf8') : '';
  return { certificate, privateKey: keys.privateKey, bundle: pemOf(certificate) + before };
}

/** The certificate as PEM with a final line break, so that PEM texts can be joined. */
export function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

/** A random serial number, positive and shorter than 20 octets (RFC 5280 4.1.2.2). */
export function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

async function makeAuthority(now: Date): Promise<{ certificate: x509.X509Certificate; keys: CryptoKeyPair }> {
  const keys = await crypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=Bellhop Agent Proxy ${serialNumber().slice(0, 8)}`,
      serialNumber: serialNumber(),
      notBefore: new Date(now.getTime() - DAY_MS),
      notAfter: new Date(now.getTime() + LIFE_DAYS * DAY_MS),
      keys,
      signingAlgorithm: SIGNING,
      extensions: [
        // Critical and without a subordinate authority (pathlen 0): strict verifiers such as Python 3.13 ask for both.
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    crypto,
  );
  return { certificate, keys };
}

function importKey(pem: string): Promise<CryptoKey> {
  const [pkcs8] = x509.PemConverter.decode(pem);
  if (!pkcs8) throw new Error('ca.key holds no key');
  return crypto.subtle.importKey('pkcs8', pkcs8, SIGNING, false, ['sign']);
}

function writeWhole(file: string, content: string, mode: number): void {
  writeFileSync(`${file}.new`, content, { mode });
  renameSync(`${file}.new`, file);
}
