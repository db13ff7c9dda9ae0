import { relayUidOf, sandboxName, sandboxSocketPath } from '../../../docker/sandbox-names.ts';

test('names hold installation and sandbox', () => {
  expect(sandboxName('acme', 'k3x')).toBe('bellhop-acme-k3x');
});

test.each(['', '../x', 'a/b', 'A', 'x'.repeat(61), '-x', 'a b'])('"%s" is no part of a name', (part) => {
  expect(() => sandboxName('acme', part)).toThrow('use 1 to 60 of');
  expect(() => sandboxName(part, 'ok')).toThrow('use 1 to 60 of');
});

test('a socket path may have 100 bytes and no more, counted in bytes', () => {
  const folder = (length: number) => `/${'x'.repeat(length - '/s/proxy.sock'.length - 1)}`;
  expect(sandboxSocketPath(folder(100), 's')).toHaveLength(100);
  expect(() => sandboxSocketPath(folder(101), 's')).toThrow('has 101 bytes');
  expect(() => sandboxSocketPath('/é'.repeat(30), 's')).toThrow('Set BELLHOP_RUN_DIR to a shorter folder');
});

test("each agent's relay has a user of its own, and system users are no agents", () => {
  expect(relayUidOf(20_000)).not.toBe(relayUidOf(20_001));
  for (const uid of [0, 999, 1.5, 1_000_000_000]) expect(() => relayUidOf(uid)).toThrow('agent uid');
});
