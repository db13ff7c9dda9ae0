import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { javaTrustStore } from '../../../docker/java-trust-store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const roots = tls.getCACertificates('bundled');

/** OpenSSL knows PKCS #12 by itself. Java is asked in a sandbox (test/integration/docker/clients/clients.test.ts). */
async function readByOpenssl(store: Buffer): Promise<string[]> {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'store.p12');
  writeFileSync(file, store);
  const text = execFileSync('openssl', ['pkcs12', '-in', file, '-nokeys', '-nomacver', '-passin', 'pass:'], {
    encoding: 'utf8',
  });
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

test('every certificate of the bundle is in the store, unchanged', async () => {
  const plain = (pem: string) => pem.replaceAll(/\s/g, '');
  const read = await readByOpenssl(javaTrustStore(`text before\n${roots.join('\n')}\ntext behind`));
  expect(read.map(plain)).toEqual(roots.map(plain));
});

test('the same bundle makes the same store, so that a folder is not written again', () => {
  expect(javaTrustStore(roots.join('\n'))).toEqual(javaTrustStore(roots.join('\n')));
});

test('a bundle without certificates makes an empty store', async () => {
  expect(await readByOpenssl(javaTrustStore('no certificates\n'))).toEqual([]);
});
