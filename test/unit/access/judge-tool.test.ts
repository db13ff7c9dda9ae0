import { compareDocuments } from '../../../access/compare-documents.ts';
import { decide } from '../../../access/decide.ts';
import type { AccessDocument, Connection } from '../../../access/document.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { judgeTool, judgeToolCall, lacking } from '../../../access/mcp/judge-tool.ts';
import { compareReach } from '../../../access/reach.ts';
import { runTests } from '../../../access/run-tests.ts';
import { whoCan } from '../../../access/who-can.ts';
import { connection, documentOf, guardrail } from '../../support/access-document.ts';

const CHANNEL = 'channel:T1:C1';

function server(
  id: string,
  allow: string[],
  deny: string[] = [],
  more: { readonly read?: string[]; readonly approve?: string[] } = {},
): Connection {
  const rules = (list: string[]) => list.map((pattern, index) => ({ pattern, line: index + 1 }));
  const url = `https://${id}.test/mcp`;
  return {
    ...connection(id, `${id}.test`, { paths: ['/mcp'] }),
    mcp: {
      url,
      tools: {
        ...{ allow: rules(allow), deny: rules(deny) },
        ...(more.read && { read: rules(more.read) }),
        ...(more.approve && { approve: rules(more.approve) }),
      },
    },
  };
}

const LINEAR = server('linear', ['get_me', 'list_*', 'delete_draft'], ['delete_*']);
const judge = (
  document: AccessDocument,
  tool: string,
  name = 'linear',
  scope: 'organization' | typeof CHANNEL = CHANNEL,
) => judgeTool({ server: name, tool }, effectiveAccess(document, scope));

test('a tool is allowed by the first pattern that covers it, and the line is named', () => {
  const decision = judge(documentOf({ [CHANNEL]: { connections: [LINEAR] } }), 'list_issues');
  expect(decision).toMatchObject({
    outcome: 'allowed',
    reason: `Allowed by list_* in line 2: linear ← bundle of ${CHANNEL} ← ${CHANNEL}.`,
  });
  expect(decision.walk.map(({ action, pattern, result }) => `${action} ${pattern} ${result}`)).toEqual([
    ...['deny delete_* name', 'allow get_me name', 'allow list_* matched'],
  ]);
});

test('a deny wins, what nothing covers is not allowed, and another server is not attached', () => {
  const document = documentOf({ [CHANNEL]: { connections: [LINEAR] } });
  expect(judge(document, 'delete_draft')).toMatchObject({ outcome: 'blocked', code: 'tool_denied', rule: 'linear' });
  expect(judge(document, 'create_issue')).toMatchObject({ outcome: 'blocked', code: 'tool_not_allowed' });
  expect(judge(document, 'list_x', 'other')).toMatchObject({
    code: 'server_not_attached',
    reason: 'No MCP server other is attached here; these are: linear.',
  });
  expect(judge(document, 'list_x', 'linear', 'organization')).toMatchObject({ code: 'server_not_attached' });
});

test('a scope that is switched off calls nothing', () => {
  const document = documentOf({ organization: { connections: [LINEAR], enabled: false } });
  expect(judge(document, 'list_x')).toMatchObject({ outcome: 'blocked', code: 'disabled' });
});

test('a server of the organization counts in a channel, and stands there once', () => {
  const document = documentOf({ organization: { connections: [LINEAR] }, [CHANNEL]: { connections: [LINEAR] } });
  const { servers } = effectiveAccess(document, CHANNEL);
  expect(servers.map(({ connection: { id }, origin }) => `${id} ${origin.scope}`)).toEqual([`linear ${CHANNEL}`]);
});

test('the address of a server is no rule: a request of the sandbox is not allowed, with or without a credential', () => {
  const access = effectiveAccess(documentOf({ [CHANNEL]: { connections: [LINEAR] } }), CHANNEL);
  const request = { method: 'POST', scheme: 'https', host: 'linear.test', port: 443, path: '/mcp' } as const;
  expect(decide(request, access)).toMatchObject({ outcome: 'blocked', code: 'not_allowed' });
});

test('who calls its tools can reach its host', () => {
  const document = documentOf({ organization: { connections: [LINEAR] } });
  expect(whoCan('linear.test', document).map(({ label }) => label)).toEqual(['organization']);
  expect(whoCan('other.test', document)).toEqual([]);
});

test('a pattern that is added is a gain, and so is a deny that goes', () => {
  const before = documentOf({ [CHANNEL]: { connections: [server('linear', ['list_*'], ['delete_*'])] } });
  const after = documentOf({ [CHANNEL]: { connections: [server('linear', ['list_*', 'create_*'])] } });
  const [change] = compareReach(before, after);
  expect(change?.gained.map(({ what }) => what)).toEqual([
    'tools create_* of linear at https://linear.test/mcp (bearer)',
    'no longer: tools delete_* of linear denied by linear',
  ]);
  expect(compareReach(after, before)[0]?.lost.map(({ what }) => what)).toEqual([
    'tools create_* of linear at https://linear.test/mcp (bearer)',
    'from now on: tools delete_* of linear denied by linear',
  ]);
  expect(compareDocuments(before, after)).toContainEqual({ change: 'changed', kind: 'connection', name: 'linear' });
});

describe('guardrails', () => {
  const document: AccessDocument = {
    ...documentOf({ [CHANNEL]: { connections: [LINEAR, server('files', ['*'])] } }),
    toolGuardrails: [
      { id: 'no-deletes', server: '*', tools: ['delete_*', 'drop'], reason: 'Nothing is deleted by an agent', line: 3 },
      { id: 'no-lists', server: 'linear', tools: ['list_*'], reason: '', line: 4 },
    ],
  };

  test('come before everything that a connection allows, in whatever letters', () => {
    const decision = judge(document, 'Drop', 'files');
    expect(decision).toMatchObject({
      ...{ outcome: 'blocked', code: 'guardrail', rule: 'no-deletes' },
      reason: "The organization's guardrail no-deletes forbids files.Drop everywhere. Nothing is deleted by an agent.",
    });
    expect(decision.walk.map(({ pattern, result }) => `${pattern} ${result}`)).toEqual([
      'delete_* name',
      'drop matched',
    ]);
  });

  test('for one server leave the others alone', () => {
    expect(judge(document, 'list_x')).toMatchObject({ outcome: 'blocked', code: 'guardrail', rule: 'no-lists' });
    expect(judge(document, 'list_x', 'files')).toMatchObject({ outcome: 'allowed' });
  });

  test('for the host of a server forbid every call', () => {
    const guarded = documentOf({ [CHANNEL]: { connections: [LINEAR] } }, [guardrail('no-linear', 'linear.test')]);
    const access = effectiveAccess(guarded, CHANNEL);
    expect(judgeToolCall({ server: 'linear', tool: 'list_x' }, access)).toMatchObject({
      ...{ outcome: 'blocked', code: 'guardrail', rule: 'no-linear' },
    });
  });

  test('that go are a gain, and that come are none', () => {
    const before = { ...document, toolGuardrails: [] };
    expect(compareReach(document, before)[0]?.gained.map(({ what }) => what)).toContain(
      'no longer: tools delete_*, drop of every MCP server denied by no-deletes',
    );
    expect(compareReach(before, document)[0]?.gained).toEqual([]);
    expect(compareDocuments(before, document)).toContainEqual({
      change: 'added',
      kind: 'guardrail',
      name: 'no-deletes',
    });
  });

  test('are what a test of the file can ask for', () => {
    const ask = (tool: string, outcome: 'blocked' | 'allowed' | 'injected', by: string | null, name = 'linear') =>
      ({
        scope: CHANNEL,
        test: {
          from: { text: '#x', line: 1, field: '' },
          asks: { kind: 'tool', server: name, tool },
          expect: { outcome, by },
          line: 1,
        },
      }) as const;
    const results = runTests(
      [
        ask('drop', 'blocked', 'no-deletes', 'files'),
        ask('get_me', 'allowed', null),
        ask('get_me', 'injected', 'linear'),
        ask('create_issue', 'blocked', 'linear'),
        ask('get_me', 'blocked', null),
      ],
      document,
    );
    expect(results.map(({ passed }) => passed)).toEqual([true, true, true, true, false]);
    expect(results[4]).toMatchObject({
      what: 'a call of linear.get_me from #x',
      reason: `Allowed by get_me in line 1: linear ← bundle of ${CHANNEL} ← ${CHANNEL}.`,
    });
  });
});

describe('a tool in read or approve', () => {
  const needs = (tool: string, ...rules: Parameters<typeof server> extends [string, ...infer Rest] ? Rest : never) => {
    const decision = judge(documentOf({ [CHANNEL]: { connections: [server('linear', ...rules)] } }), tool);
    return decision.outcome === 'allowed' ? decision.needs : decision.code;
  };

  test.each([
    ['a name in allow needs nothing more', 'get_x', [['get_*'], [], {}], 'nothing'],
    ['a name in read needs the word of the server', 'get_x', [[], [], { read: ['*'] }], 'read-only'],
    ['allow counts before read', 'get_x', [['get_x'], [], { read: ['*'] }], 'nothing'],
    ['approve counts before allow and read', 'get_x', [['*'], [], { read: ['*'], approve: ['get_*'] }], 'approval'],
    ['deny counts before approve', 'get_x', [[], ['get_*'], { approve: ['*'] }], 'tool_denied'],
    ['approve narrows in other letters too', 'GET_X', [['*'], [], { approve: ['get_*'] }], 'approval'],
    ['approve opens nothing in other letters', 'GET_X', [[], [], { approve: ['get_*'] }], 'tool_not_allowed'],
  ] as const)('%s', (_what, tool, rules, expected) => {
    expect(needs(tool, ...(rules as unknown as [string[], string[], { read?: string[]; approve?: string[] }]))).toBe(
      expected,
    );
  });

  test('what a server says widens nothing', () => {
    const says = { readOnly: true, approved: false };
    expect(lacking('read-only', says, 'x')).toBeNull();
    expect(lacking('read-only', { ...says, readOnly: false }, 'x')).toContain('only while its server says');
    expect(lacking('approval', says, 'x')).toContain('somebody in the thread');
    expect(lacking('approval', { ...says, approved: true }, 'x')).toBeNull();
  });

  test('a plan says what is gained when calls are not asked for any more, and when more may be called', () => {
    const having = (...rules: Parameters<typeof server> extends [string, ...infer Rest] ? Rest : never) =>
      documentOf({ [CHANNEL]: { connections: [server('linear', ...rules)] } });
    const gained = (before: AccessDocument, after: AccessDocument) =>
      compareReach(before, after).flatMap((each) => each.gained.map(({ what }) => what));
    const asked = having(['*'], [], { approve: ['create_*'] });
    expect(gained(asked, having(['*']))).toEqual(['no longer: each call of create_* of linear asked for']);
    expect(gained(having(['list_*']), having(['list_*'], [], { read: ['*'] }))).toEqual([
      'tools * that only read of linear at https://linear.test/mcp (bearer)',
    ]);
  });
});
