import { readEvalArguments } from '../../../bench/eval/model-choice.ts';
import { scoresAsJson, scoreTable } from '../../../bench/eval/scores.ts';
import { screenshot } from '../../../bench/eval/screenshot.ts';

const NAMES = ['chart', 'thanks'];
const choice = (args: string, environment: Record<string, string> = {}) =>
  readEvalArguments(args.split(' '), environment, NAMES).choice();

test('the vendor follows from the name and the address, and the key from the environment', () => {
  expect(choice('--model claude-x', { ANTHROPIC_API_KEY: 'k' })).toEqual({
    ...{ vendor: 'anthropic', api: null, model: 'claude-x', baseUrl: null, key: 'k' },
  });
  expect(choice('--model gpt-x --responses', { OPENAI_API_KEY: 'k' })).toMatchObject({
    ...{ vendor: 'openai-compatible', api: 'responses', baseUrl: 'https://api.openai.com/v1', key: 'k' },
  });
  expect(choice('--model qwen --base-url http://127.0.0.1:11434/v1')).toMatchObject({
    ...{ api: 'chat-completions', baseUrl: 'http://127.0.0.1:11434/v1', key: null },
  });
  expect(
    choice('--model claude-x --base-url https://gateway.example/v1 --key-env GATEWAY', { GATEWAY: 'k' }),
  ).toMatchObject({
    ...{ vendor: 'openai-compatible', key: 'k' },
  });
});

test.each([
  ['--model claude-x', 'no key for claude-x: set ANTHROPIC_API_KEY, or name another variable by --key-env'],
  ['--model gpt-x', 'no key for gpt-x: set OPENAI_API_KEY, or name another variable by --key-env'],
  ['--model q --base-url https://x.example/v1 --key-env MINE', 'no key for q: set MINE'],
  ['--model q --base-url nowhere', '--base-url: nowhere is no URL'],
  ['--model claude-x --responses', '--responses is an API of OpenAI'],
  ['--rounds 1', '--model is missing'],
])('%s: %s', (args, words) => {
  expect(() => choice(args)).toThrow(words);
});

test('an unknown task and a wrong number are named', () => {
  expect(() => readEvalArguments(['--only', 'chat'], {}, NAMES)).toThrow('--only chat: there is chart, thanks');
  expect(() => readEvalArguments(['--rounds', '0'], {}, NAMES)).toThrow('--rounds: a whole number from 1');
});

test('scores are a table and JSON, which holds no key', () => {
  const score = { what: 'w', seconds: 1.25, tools: 1, tokens: 1200 };
  const scores = [
    { ...score, task: 'chart', problems: [] },
    { ...score, task: 'thanks', problems: ['too long', 'a tool was used'] },
  ];
  expect(scoreTable(scores)).toMatch(
    /done +chart +1\.\d s +1 tool call +1,200 tokens[\s\S]*not done +thanks .*too long; a tool was used[\s\S]*1 of 2 done \(50 %\)$/,
  );
  const model = { vendor: 'anthropic', api: null, model: 'claude-x', baseUrl: null, key: 'sk-secret' } as const;
  const json = scoresAsJson(model, scores, new Date(0));
  expect(JSON.parse(json)).toMatchObject({ model: { model: 'claude-x' }, done: 1, of: 2 });
  expect(json).not.toContain('sk-secret');
});

test('the picture of a screenshot is a PNG of its text', () => {
  const png = screenshot('E-4417');
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.readUInt32BE(16)).toBe((6 * 6 + 8) * 8);
});
