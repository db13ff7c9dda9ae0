import { readListed, readTool } from '../../../mcp/tool-definition.ts';

const problemOf = (more: object) => readTool({ name: 'a', inputSchema: { type: 'object' }, ...more }).problem;

test('names and schemas that the database would change or refuse are offered to no model', () => {
  const inside = (schema: object) => ({ inputSchema: { type: 'object', properties: { a: schema } } });
  expect(problemOf({ name: '\ud800' })).toMatch(/name has characters/);
  expect(problemOf({ name: 'a\ufffd' })).toMatch(/name has characters/);
  expect(problemOf(inside({ type: 'object', properties: { 'b\u0000': {} } }))).toMatch(/cannot be stored/);
  expect(problemOf(inside({ description: 'half \udc00' }))).toMatch(/cannot be stored/);
  // A pattern that only names such a character, and a whole pair, are stored as they are.
  expect(problemOf(inside({ type: 'string', pattern: '^[^\\u0000]+$', description: 'a 🔔' }))).toBeNull();
});

test('two hundred schemas are checked in a moment, because the schema of schemas is known already', () => {
  const check = (count: number) => {
    const before = performance.now();
    for (let n = 0; n < count; n += 1)
      readListed({ name: `t${n}`, inputSchema: { type: 'object', properties: { a: {} } } });
    return performance.now() - before;
  };
  const first = check(1);
  // It was linear before: each tool took as long as the first one.
  expect(check(200)).toBeLessThan(Math.max(100 * first, 200));
});
