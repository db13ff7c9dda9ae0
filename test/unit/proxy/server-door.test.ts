import { createServerDoor } from '../../../proxy/mcp/server-door.ts';

test('before the first policy nobody is told that there are no MCP servers', () => {
  const unused = () => {
    throw new Error('is not needed');
  };
  const door = createServerDoor({
    clients: { admit: unused },
    front: unused,
    leases: { current: unused },
    tests: { lend: unused, lendTo: unused },
    document: () => null,
  });
  expect(() => door.servers()).toThrow('not loaded yet');
});
