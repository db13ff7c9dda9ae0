import fc from 'fast-check';
import { allowsTool, forbidsTool } from '../../../access/mcp/tool-pattern.ts';
import { shownToolName, toolOfWireName, wireName } from '../../../access/mcp/wire-name.ts';

test.each([
  ['linear-tools', 'create_issue', 'linear-tools__create_issue'],
  ['files', 'fs.read', 'files__fs__2Eread'],
  ['a', '_x', 'a___x'],
  ['a', 'x__y', 'a__x__5F_y'],
  ['a', 'x_', 'a__x_'],
  ['a', 'größe', 'a__gr__C3__B6__C3__9Fe'],
])('%s.%s is %s for a model', (server, tool, name) => {
  expect(wireName(server, tool)).toBe(name);
  expect(toolOfWireName(name)).toEqual({ server, tool });
  expect(shownToolName(name)).toBe(`${server}.${tool}`);
});

test.each(['bash', 'read_file', '__x', 'a__', 'a__x.y', 'a__x__2e', 'a__b__41'])(
  '%s is no tool of a server',
  (name) => {
    expect(toolOfWireName(name)).toBeNull();
    expect(shownToolName(name)).toBe(name);
  },
);

test('a name that is too long has none', () => {
  expect(wireName('server', 'x'.repeat(56))).toHaveLength(64);
  expect(wireName('server', 'x'.repeat(57))).toBeNull();
  expect(wireName('server', '')).toBeNull();
});

test('every name comes back as it was, in the alphabet of the APIs, and no two are the same', () => {
  const server = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,6}[a-z0-9])?$/);
  const tool = fc.oneof(
    fc.stringMatching(/^[_a2F.-]{1,8}$/),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
  );
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(server, tool, (one, other) => {
      const name = wireName(one, other);
      if (name === null) return;
      expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      expect(toolOfWireName(name)).toEqual({ server: one, tool: other });
      const key = JSON.stringify([one, other]);
      expect(seen.get(name) ?? key).toBe(key);
      seen.set(name, key);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['list_*', 'list_issues', true],
  ['list_*', 'list_', true],
  ['list_*', 'xlist_a', false],
  ['*_issue', 'create_issue', true],
  ['a*b*c', 'aXbYc', true],
  ['a*b*c', 'ac', false],
  ['ab*ba', 'aba', false],
  ['*', 'anything.at/all', true],
  ['get_issue', 'get_issue', true],
  ['get_issue', 'get_issues', false],
  ['list_*', 'List_issues', false],
])('%s allows %s: %s', (pattern, tool, expected) => {
  expect(allowsTool(pattern, tool)).toBe(expected);
});

test('what forbids is compared without case', () => {
  expect(forbidsTool('delete_*', 'Delete_All')).toBe(true);
});

test('a pattern with many asterisks takes no time', () => {
  expect(allowsTool(`${'*a'.repeat(60)}*`, 'a'.repeat(59))).toBe(false);
});
