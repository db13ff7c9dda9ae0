import { OWN_ROOM } from '../../../agent/mcp/turn-tools.ts';
import { createToolRegistry, summaryOf } from '../../../agent/tools/registry.ts';

const registry = createToolRegistry();

test('the model gets tools for the sandbox and for Slack, each with a schema of its arguments', () => {
  expect(registry.specs.map(({ name }) => name)).toEqual([
    'bash',
    'read_file',
    'write_file',
    'edit_file',
    'view_file',
    'post_file',
    'plan',
    'read_thread',
    'read_channel',
    'read_message',
    'read_pins',
    'search_messages',
    'find_people',
    'find_channels',
    'post_message',
    'delete_message',
  ]);
  for (const { schema, description } of registry.specs) {
    expect(schema).toMatchObject({ type: 'object', properties: expect.any(Object) });
    expect(description.length).toBeGreaterThan(20);
  }
});

test('they fit into the room that MCP servers leave them, with the two that a turn may have beside them', () => {
  expect(registry.names.length + 2).toBeLessThanOrEqual(OWN_ROOM);
});

test('arguments with a default may be left out', () => {
  expect(registry.specs.find(({ name }) => name === 'bash')?.schema).toMatchObject({ required: ['command'] });
});

test('reads may run side by side; commands, writes and posts may not', () => {
  const parallel = registry.specs.filter(({ name }) => registry.find(name)?.parallel).map(({ name }) => name);
  expect(parallel).toEqual([
    'read_file',
    'view_file',
    ...['read_thread', 'read_channel', 'read_message', 'read_pins', 'search_messages', 'find_people', 'find_channels'],
  ]);
});

test('a summary for Temporal UI names turn and tool only', () => {
  expect(summaryOf('bash', 2)).toBe('turn 2 · bash');
});
