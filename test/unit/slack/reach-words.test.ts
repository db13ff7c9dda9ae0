import type { EffectiveAccess } from '../../../access/decision.ts';
import { indexAccess } from '../../../access/effective-access.ts';
import { effectiveText } from '../../../access/effective-text.ts';
import { accessText } from '../../../slack/commands/access.ts';
import { reachLine } from '../../../slack/personal/home-parts.ts';
import { connection, documentOf, domain, guardrail, rule } from '../../support/access-document.ts';

const OPS = 'channel:T1:C1' as const;
const ORIGIN = { scope: OPS, scopeLabel: '#ops', bundle: 'ops' };
const PLACE = { label: '#ops', scope: OPS };

function access(over: Partial<EffectiveAccess> = {}): EffectiveAccess {
  const document = documentOf(
    {
      [OPS]: {
        connections: [
          connection('warehouse', 'bigquery.googleapis.com', {
            preset: 'bigquery',
            methods: ['GET'],
            paths: ['/bigquery/v2'],
          }),
          connection('crm', 'crm.acme.test', {
            rules: [
              rule('deny', 'crm.acme.test', { paths: ['/admin'] }),
              rule('inject', 'crm.acme.test', { methods: ['GET', 'POST'] }),
            ],
          }),
        ],
        domains: [domain('docs.acme.test', { methods: ['GET', 'HEAD'] })],
      },
    },
    [guardrail('no-payroll', 'payroll.acme.test', { reason: 'Salaries are nobody’s business.' })],
  );
  return { ...indexAccess(document).effective(OPS), ...over };
}

test('services, what may be done with them, and what never may, are said in words', () => {
  expect(accessText(PLACE, access())).toBe(
    [
      'What I reach in #ops',
      'I act as myself here, no matter who asks.',
      'With a credential:',
      '• crm: read and change (GET, POST), at crm.acme.test',
      '• Google BigQuery (warehouse): only read, at bigquery.googleapis.com (only /bigquery/v2)',
      'Without a credential:',
      '• docs.acme.test: only read',
      'Never:',
      '• payroll.acme.test, anywhere: Salaries are nobody’s business. (no-payroll)',
      '• crm.acme.test (only /admin)',
      '• everything that is not named here',
      "Every rule, and where it comes from: an administrator sees it with ./bellhop effective '#ops'",
    ].join('\n'),
  );
});

test('repositories, tools and packages are said by what may be done', () => {
  const bot = connection('bot', 'github.com', { preset: 'github' });
  const grant = { connection: 'bot', forge: { kind: 'github' } as never, branches: [] };
  const text = accessText(
    PLACE,
    access({
      identity: 'requester',
      repositories: [
        { grant: { ...grant, repository: 'acme/web', access: 'propose' }, connection: bot, origin: ORIGIN },
        {
          grant: { ...grant, repository: 'acme/docs', access: 'write', branches: ['main'] },
          connection: bot,
          origin: ORIGIN,
        },
      ],
      repositoryGuardrails: [{ id: 'no-merges', repository: '*', operations: ['merge'], reason: '', line: 1 }],
      registries: [{ registry: 'pypi', origin: ORIGIN }],
      servers: [
        {
          ...{ connection: connection('linear', 'mcp.linear.app'), url: 'https://mcp.linear.app', origin: ORIGIN },
          tools: {
            allow: [{ pattern: 'list_*', line: 1 }],
            approve: [{ pattern: 'create_*', line: 1 }],
            deny: [{ pattern: 'delete_*', line: 1 }],
          },
        },
      ],
    }),
  );
  expect(text).toContain('I act in the name of the person who begins a thread here');
  expect(text).toContain(
    '• acme/web: read, push to branches called bellhop/*, open draft pull requests; a person merges (bot)',
  );
  expect(text).toContain('• acme/docs: read, and push to main (bot)');
  expect(text).toContain('• linear: list_*; create_* when somebody in the thread allows the call; never delete_*');
  expect(text).toContain('Packages:\n• PyPI: only read');
  expect(text).toContain('• merge in any repository (no-merges)');
});

test('every name and host that the command line says stands in the words', () => {
  const text = accessText(PLACE, access());
  const said = effectiveText(PLACE, access());
  const facts = [
    'warehouse',
    'bigquery.googleapis.com',
    'crm.acme.test',
    'docs.acme.test',
    'payroll.acme.test',
    'no-payroll',
  ];
  for (const fact of facts) {
    expect(said).toContain(fact);
    expect(text).toContain(fact);
  }
});

test('however much there is, the words are bounded and say that they are not all', () => {
  const domains = Array.from({ length: 2_000 }, (_, n) => domain(`host-${n}.acme.test`));
  const many = indexAccess(documentOf({ [OPS]: { domains, instructions: 'x'.repeat(100_000) } })).effective(OPS);
  const text = accessText(PLACE, many);
  expect(text.length).toBeLessThan(2_400);
  expect(text).toMatch(/• and 1990 more\n[\s\S]*That is not all\.\n[\s\S]*\.\/bellhop effective '#ops'$/);
});

test('a place that is switched off says so, and a rule that a narrower connection hides is not said', () => {
  expect(accessText(PLACE, access({ enabled: false }))).toMatch(/^I am switched off here/);
  const hidden = indexAccess(
    documentOf({
      organization: { connections: [connection('broad', 'api.acme.test')] },
      [OPS]: { connections: [connection('near', 'api.acme.test')] },
    }),
  ).effective(OPS);
  expect(accessText(PLACE, hidden)).toContain('near: read and change, at api.acme.test');
  expect(accessText(PLACE, hidden)).not.toContain('broad');
});

test('the Home tab says the same services, in one line', () => {
  expect(reachLine('#ops', access())).toBe(
    '• #ops: crm, Google BigQuery (warehouse); without a credential: docs.acme.test',
  );
});
