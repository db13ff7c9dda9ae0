import type { EffectiveAccess } from '../../../access/decision.ts';
import { systemPrompt } from '../../../agent/prompt.ts';

const MATCH = { port: 443, scheme: 'https', methods: [], paths: [], addresses: [], priority: 0 } as const;
const ACCESS: EffectiveAccess = {
  scope: 'channel:T1:C1',
  policyVersion: 3,
  enabled: true,
  guardrails: [{ id: 'g', host: 'pastebin.example', methods: [], paths: [], port: null, reason: 'no paste sites' }],
  rules: [
    {
      action: 'inject',
      connection: {
        ...MATCH,
        id: 'acme-readonly',
        host: 'api.acme.example',
        methods: ['GET'],
        paths: ['/v1'],
        kind: 'bearer',
        header: null,
        prefix: '',
        credentialVersion: 1,
      },
      origin: { scope: 'channel:T1:C1', scopeLabel: '#ops', bundle: 'acme-data' },
    },
    {
      action: 'forward',
      domain: {
        ...MATCH,
        id: 'd',
        host: '*.docs.example',
        port: 8443,
        transport: 'intercept',
        ownCredentials: 'strip',
      },
      origin: { scope: 'organization', scopeLabel: 'organization', bundle: 'public-web' },
    },
  ],
  instructions: [],
};

function prompt(
  access: EffectiveAccess | null,
  instructions: readonly { origin: string; text: string }[] = [],
): string {
  return systemPrompt({ name: 'bellhop', channel: '#ops', access, instructions });
}

test('what can be reached is named with its limits, connection, bundle and scope', () => {
  const text = prompt(ACCESS);
  expect(text).toContain(
    '- https://api.acme.example (GET; paths /v1) with the credential of connection "acme-readonly" [bundle acme-data, #ops]',
  );
  expect(text).toContain(
    '- https://*.docs.example:8443 (all methods) without a credential [bundle public-web, organization]',
  );
  expect(text).toContain('- never pastebin.example: no paste sites (guardrail)');
});

test('without any rule it says that nothing can be reached', () => {
  expect(prompt({ ...ACCESS, rules: [] })).toContain('Nothing outside the sandbox.');
  expect(prompt(null)).toContain('Nothing outside the sandbox.');
});

test('it says how a refusal looks and what to do then', () => {
  expect(prompt(ACCESS)).toMatch(
    /x-agent-proxy[\s\S]*403 is a decision. Do not retry it[\s\S]*name the host and what an administrator could add/,
  );
});

test('instructions come with their origin, broadest first', () => {
  const text = prompt(ACCESS, [
    { origin: 'organization', text: 'Be brief.' },
    { origin: 'acme-data ← #ops', text: 'Days are UTC.' },
  ]);
  expect(text).toMatch(/## From organization\nBe brief\.\n\n## From acme-data ← #ops\nDays are UTC\.$/);
});

test('in a direct message no channel is named', () => {
  expect(systemPrompt({ name: 'bellhop', channel: null, access: null, instructions: [] })).toContain(
    'a direct message',
  );
});
