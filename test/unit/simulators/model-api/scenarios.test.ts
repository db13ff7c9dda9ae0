import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadScenarios } from '../../../../simulators/model-api/scenarios.ts';
import { isEmpty, parseScript } from '../../../../simulators/model-api/script.ts';

const FOLDER = path.join(import.meta.dirname, '../../../../demo/scenarios');
const scenarios = loadScenarios(FOLDER);

test('there are six, each a script with a sentence, a channel and a note', () => {
  expect(scenarios).toHaveLength(6);
  for (const { name, sentence, script } of scenarios) {
    expect(sentence.length).toBeGreaterThan(5);
    expect(isEmpty(parseScript(script))).toBe(false);
    expect(parseScript(script).prose).toEqual([]);
    expect(readFileSync(path.join(FOLDER, `${name}.txt`), 'utf8')).toMatch(/^# .+\n# channel: [a-z-]+\n# note: .+\n/);
  }
});

test('the second part is numbered on, and each says whose direct message, channel or thread it belongs into', () => {
  const folder = path.join(FOLDER, 'in-whose-name');
  const names = loadScenarios(folder);
  expect(names.map(({ name }) => Number.parseInt(name, 10))).toEqual(names.map((_, index) => 7 + index));
  for (const { name, script } of names) {
    expect(isEmpty(parseScript(script))).toBe(false);
    expect(parseScript(script).prose).toEqual([]);
    expect(readFileSync(path.join(folder, `${name}.txt`), 'utf8')).toMatch(
      /^# .+\n# channel: [a-z -]+\n(?:# in thread of: [\w-]+\n)?# note: .+\n/,
    );
  }
});

test('the same words are said in #platform-eng and in #general', () => {
  expect(scenarios[1]?.script).toBe(scenarios[0]?.script);
});

test('the long job shows a checklist before its first command, and how far it is with each one', () => {
  const job = scenarios.find(({ name }) => name === '5-long-job');
  const { calls } = parseScript(job?.script ?? '');
  const actions = calls.flatMap((call) => call.actions);
  const plans = actions.flatMap((action) => (action.verb === 'plan' ? [action.steps.map(({ state }) => state)] : []));
  expect(actions[0]?.verb).toBe('plan');
  expect(plans).toEqual([
    ['now', 'open', 'open'],
    ['done', 'now', 'open'],
    ['done', 'done', 'now'],
  ]);
});

test('a folder that does not exist has none', () => {
  expect(loadScenarios(path.join(FOLDER, 'nowhere'))).toEqual([]);
});
