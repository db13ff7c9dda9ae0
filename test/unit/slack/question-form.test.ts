import { questionForm, readForm } from '../../../slack/questions/question-views.ts';

const form = {
  title: 'Answer',
  fields: [
    { name: 'f0', label: 'Name' },
    { name: 'f1', label: 'Note', optional: true },
  ],
};
const state = (f0: string) => ({ values: { f0: { f0: { value: f0 } }, f1: { f1: { value: 'fine' } } } });

test.each([
  ['ghp_0123456789abcdefghijABCDEFGHIJ012345', /token of GitHub/],
  ['use glpat-0123456789abcdefghij please', /token of GitLab/],
  ['-----BEGIN RSA PRIVATE KEY-----\nabc', /private key/],
])('a secret is a problem of its field, and is not kept: %s', (value, words) => {
  const { given, problems } = readForm(form, state(value));
  expect(problems).toEqual({ f0: expect.stringMatching(words) });
  expect(problems.f0).not.toContain(value);
  expect(given).toEqual({ f1: 'fine' });
});

test('a commit and ordinary words are no secret', () => {
  const value = 'd367e4b1c2a3948576d367e4b1c2a3948576d367 is the commit';
  expect(readForm(form, state(value))).toEqual({ given: { f0: value, f1: 'fine' }, problems: {} });
});

test('a form shows words of others without emoji, and what nobody sees', () => {
  const view = JSON.stringify(questionForm(form, 'say :x:\u202e', { question: 'q', choice: 'c' }));
  expect(view).toContain('\\\\u202e');
  expect(view.match(/"emoji":false/g)?.length).toBe(view.match(/plain_text"/g)?.length);
});
