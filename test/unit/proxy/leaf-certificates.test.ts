import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { CanonicalHost } from '../../../access/host-name.ts';
import { openCertificateAuthority } from '../../../proxy/tls/certificate-authority.ts';
import { createLeafCertificates } from '../../../proxy/tls/leaf-certificates.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'bp-leaves-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function setUp(max: number) {
  const leaves = await createLeafCertificates(await openCertificateAuthority(folder, new Date()), { max });
  let minted = 0;
  const contextFor = (sandbox: string, host: string) =>
    leaves.contextFor(sandbox, host as CanonicalHost, () => {
      minted += 1;
    });
  return { leaves, contextFor, minted: () => minted };
}

test('a certificate is made once for each sandbox and host', async () => {
  const { contextFor, minted } = await setUp(10);
  const first = await contextFor('s1', 'a.test');
  expect(await contextFor('s1', 'a.test')).toBe(first);
  expect(await contextFor('s2', 'a.test')).not.toBe(first);
  expect(await contextFor('s1', 'b.test')).not.toBe(first);
  expect(minted()).toBe(3);
});

test('only the newest certificates are kept when many names are asked for', async () => {
  const { leaves, contextFor, minted } = await setUp(5);
  for (let n = 0; n < 50; n += 1) await contextFor('s1', `n${n}.w.test`);
  expect(leaves.size).toBe(5);
  await contextFor('s1', 'n49.w.test');
  expect(minted()).toBe(50);
  await contextFor('s1', 'n0.w.test');
  expect(minted()).toBe(51);
});

test('a sandbox that may not have another certificate gets none, and nothing is kept for it', async () => {
  const { leaves } = await setUp(5);
  const refuse = () => {
    throw new Error('too many');
  };
  expect(() => leaves.contextFor('s1', 'a.test' as CanonicalHost, refuse)).toThrow('too many');
  expect(leaves.size).toBe(0);
});
