import { stripVTControlCharacters } from 'node:util';
import type { ToolDecision } from '../../../access/mcp/judge-tool.ts';
import { type ToolState, whyToolText } from '../../../cli/access/why-tool-text.ts';

const scope = { scope: 'channel:T1:C1', label: '#my-code' } as const;
const allowed: ToolDecision = {
  outcome: 'allowed',
  server: null,
  needs: 'nothing',
  reason: 'Allowed by whoami.',
  walk: [],
};

const PUBLIC = { addresses: [], ceilings: null };

test.each<[ToolState, RegExp]>([
  ['approved', /Allowed by whoami\.$/],
  ['changed', /offered to nobody until you approve it: \.\/bellhop connections approve notes$/],
  ['not known', /has not said yet which tools it has\.$/],
  [
    'of each person',
    /Its tools are those of each person: look from their own scope, such as person:T0123ABCD:U0123ABCD\.$/,
  ],
])('of a tool that is %s it is said what that means', (state, words) => {
  const text = whyToolText(scope, { server: 'notes', tool: 'whoami' }, allowed, { state, ...PUBLIC });
  expect(stripVTControlCharacters(text)).toMatch(words);
});

test('of a server at a private address it is said whether the ceilings open it', () => {
  const address = { range: '10.1.2.0/24', port: 443 };
  const more = { state: 'approved', addresses: [address], ceilings: [{ range: '10.1.0.0/16', ports: [443] }] } as const;
  const text = whyToolText(scope, { server: 'notes', tool: 'whoami' }, allowed, more);
  expect(text).toMatch(/\nDialled at 10\.1\.2\.0\/24:443 \(within the operator's ceilings\)\.$/);
});
