import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readOperatorFile } from '../../../proxy/operator/operator-file.ts';
import { readOwnListeners } from '../../../proxy/operator/own-listeners.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'bp-operator-'));
const file = path.join(folder, 'operator.yaml');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string) {
  writeFileSync(file, text);
  return readOperatorFile(file);
}

function problemsOf(text: string): string[] {
  try {
    read(text);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n').map((line) => line.replace(`${file}:`, ''));
  }
}

test('static names, ceilings and CA bundles are read', () => {
  writeFileSync(path.join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----\n');
  const operator = read(`
hosts:
  API.Acme.test: 127.0.0.1:7443
  registry.corp.test: 10.1.2.3
  six.test: "[fd00::1]:8443"
ceilings:
  - range: 10.1.0.0/16
    ports: [443, 8443]
ca-bundles: [ca.pem]
`);
  expect(operator.staticNames.get('api.acme.test')).toEqual({ address: '127.0.0.1', port: 7443 });
  expect(operator.staticNames.get('registry.corp.test')).toEqual({ address: '10.1.2.3', port: null });
  expect(operator.staticNames.get('six.test')).toEqual({ address: 'fd00::1', port: 8443 });
  expect(operator.ceilings).toEqual([{ range: '10.1.0.0/16', ports: [443, 8443] }]);
  expect(operator.caBundles).toEqual(['-----BEGIN CERTIFICATE-----\n']);
});

test('a mirror is read, and its special addresses are a ceiling without being named twice', () => {
  const operator = read(`
registries:
  npm: https://packages.corp.test/npm/
  pypi:
    url: https://packages.corp.test/pypi/simple
    addresses: ["10.1.2.0/24:443"]
`);
  expect(operator.ceilings).toEqual([{ range: '10.1.2.0/24', ports: [443] }]);
  expect(operator.mirrors?.npm?.url).toBe('https://packages.corp.test/npm/');
});

test('an empty file allows nothing', () => {
  expect(read('')).toMatchObject({ ceilings: [], caBundles: [] });
});

test.each([
  ['hosts:\n  a.test: localhost', '2: hosts.a.test: write an address, or address:port, as in 127.0.0.1:7443'],
  ['hosts:\n  127.0.0.1: 127.0.0.1', '2: hosts.127.0.0.1: is an IP address'],
  ['ceilings:\n  - range: 10.1.0.0\n    ports: [1]', '2: ceilings[0].range: write a range as in 10.1.2.0/24'],
  ['ceilings:\n  - range: 10.1.0.0/16\n    ports: []', '3: ceilings[0].ports: name at least one port'],
  ['ceilings:\n  - range: 10.1.0.0/16\n    ports: [70000]', '3: ceilings[0].ports[0]: a port is at most 65535'],
  ['hosts: {}\nceiling: []', '2: ceiling: is no key that is known here'],
  ['registries:\n  npm: packages', '2: registries.npm.url: write a base URL, as in https://packages.corp.example/npm/'],
  ['registries:\n  composer: https://packages.corp.test/', '2: registries.composer: is no key that is known here'],
  ['ca-bundles:\n  - missing.pem', `2: ca-bundles[0]: ${path.join(folder, 'missing.pem')} holds no certificate`],
])('%j is refused with its line', (text, problem) => {
  expect(problemsOf(text)).toContain(problem);
});

test('listeners of our own are addresses with ports', () => {
  expect(readOwnListeners(' 127.0.0.1:5432, [::1]:7233 ')).toEqual([
    { address: '127.0.0.1', port: 5432 },
    { address: '::1', port: 7233 },
  ]);
  expect(readOwnListeners('')).toEqual([]);
  expect(() => readOwnListeners('localhost:1')).toThrow('localhost:1');
});
