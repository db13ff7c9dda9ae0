import { knownToken, replaceTokens, secretLike } from '../../../access/environments/secret-like.ts';
import { countCpuTime } from '../../support/cpu-time.ts';

const replaced = (text: string) => replaceTokens(text, (what) => `<${what}>`);

/** Put together here, so that nothing in this file looks like one to whoever searches it. */
const JWT = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxMjM0NTY3ODkwIn0', 'c2lnbmF0dXJl-_x'].join('.');

test.each([
  [JWT, '<a JSON Web Token>'],
  [`it is "${JWT}".`, 'it is "<a JSON Web Token>".'],
  [`Bearer ${JWT}, and ${JWT}`, 'Bearer <a JSON Web Token>, and <a JSON Web Token>'],
  [`first.${JWT}`, 'first.<a JSON Web Token>'],
  [`-${JWT} is in a list`, '<a JSON Web Token> is in a list'],
  [`eyJ-eyJ-${JWT}`, '<a JSON Web Token>'],
])('the whole token is replaced in %j', (text, expected) => {
  expect(replaced(text)).toBe(expected);
});

test.each(['eyJ', 'eyJabc.eyJdef.', 'a.eyJhbGciOiJIUzI1NiJ9.x', `xeyJ${JWT.slice(3, 20)}.eyJ`])(
  '%s is no token',
  (text) => {
    expect(replaced(text)).toBe(text);
  },
);

/** What the known forms begin with, and what they go on with. A text of one of them is searched from each. */
const BEGINNINGS = [
  ...['eyJ-', 'eyJabcdefgh-', 'eyJabcdefgh.', 'a-', 'a', '-----BEGIN ', '-----BEGIN PRIVATE KEY', 'PRIVATE KEY '],
  ...['gh-ghp_', 'glpat-', 'xoxb-', 'sk-', 'sk_live_', 'AKIA', 'AIza', 'ya29.', 'SG.', 'SG.abcdefghij', 'npm_', 'hf_'],
  ...['pypi-', 'whsec_', 'lin_api_', 'Bearer ', 'Bearer', 'https://', 'https://a', 'a://b:', '://a:b'],
];

test.each(BEGINNINGS)('a long text of nothing but %j is searched in a moment', (beginning) => {
  const text = beginning.repeat(Math.ceil(40_000 / beginning.length));
  const spentMs = countCpuTime();
  replaced(text);
  knownToken(text);
  secretLike('A', text);
  expect(spentMs()).toBeLessThan(150);
});
