import path from 'node:path';
import { parseScenario, readScenarios } from '../../../../demo/page/server/scenarios.ts';

test('the lines that start with # say what the script is and where it belongs; the rest is posted', () => {
  const scenario = parseScenario(
    '2-x.txt',
    '# A title\n# channel: #general\n# note: watch this\n$ ls\n# not a comment\n',
  );
  expect(scenario).toEqual({
    id: '2-x',
    title: 'A title',
    channel: 'general',
    note: 'watch this',
    text: '@bellhop\n$ ls\n# not a comment',
  });
});

test('the demo has six, in order, each with a title, a note and a channel', async () => {
  const scenarios = await readScenarios(path.join(import.meta.dirname, '../../../../demo/scenarios'));
  expect(scenarios.map(({ id }) => id.slice(0, 1))).toEqual(['1', '2', '3', '4', '5', '6']);
  for (const scenario of scenarios) {
    expect(scenario.note).not.toBe('');
    expect(['platform-eng', 'general']).toContain(scenario.channel);
    expect(scenario.text.startsWith('@bellhop\n')).toBe(true);
  }
});
