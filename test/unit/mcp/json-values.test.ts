import { createValueCounter } from '../../../mcp/json-values.ts';

const count = (...chunks: string[]) => {
  const values = createValueCounter();
  return chunks.map((chunk) => values(Buffer.from(chunk))).reduce((sum, each) => sum + each, 0);
};

test.each<[string, readonly string[], number]>([
  ['lists, objects and what parts their values', ['[1,{"a":[],"b":2}]'], 5],
  ['nothing inside strings', ['["a,b[{","c"]'], 2],
  ['nothing behind a quotation mark that is escaped', ['["a\\",[{\\\\",1]'], 2],
  ['a string and an escape that go on in the next chunk', ['["a', ',\\', '",b","c"]'], 2],
  ['an event, whatever stands in the lines before it', [': "\nevent: "\rdata: [{},{}]\n\n'], 4],
])('it counts %s', (_what, chunks, expected) => {
  expect(count(...chunks)).toBe(expected);
});
