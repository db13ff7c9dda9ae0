import { testText } from '../../../slack/personal/tell-tests.ts';

const told = (status: number | null, code: string | null = null) => testText({ connection: 'github', status, code });

test.each([
  [200, /^GitHub accepts your token \(200\)\.$/],
  [204, /accepts your token/],
  [302, /sends the test elsewhere \(302\), which says nothing about your token/],
  [304, /says nothing about your token/],
  [401, /does not accept your token \(401\): write `renew github`/],
  [403, /answered 403/],
])('the answer %s is told as what it is', (status, text) => {
  expect(told(status)).toMatch(text);
});
