import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { CallToolRequestSchema, type ElicitRequestFormParams } from '@modelcontextprotocol/sdk/types.js';
import { answerQuestions, CAPABILITIES, type Elicit, type Elicitation } from '../../../mcp/elicitation.ts';
import { createTalk } from '../../../mcp/talk.ts';

type Property = ElicitRequestFormParams['requestedSchema']['properties'][string];

async function pair(elicit: Elicit | null) {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const server = new Server({ name: 's', version: '1' }, { capabilities: { tools: {} } });
  const client = new Client({ name: 'c', version: '1' }, { capabilities: CAPABILITIES });
  if (elicit) answerQuestions(client, elicit);
  await server.connect(theirs);
  await client.connect(ours);
  return { server, client };
}

const params = (properties: Record<string, Property>) => ({
  message: 'Which?',
  requestedSchema: { type: 'object' as const, properties },
});

describe('a list', () => {
  const many = (count: number, length = 3) =>
    Array.from({ length: count }, (_, at) => String(at).padStart(length, 'x'));

  test.each([
    ['of a hundred', { type: 'string', enum: many(100) }, true],
    ['with long values that still fit', { type: 'string', enum: many(2, 150) }, true],
    ['that is empty', { type: 'string', enum: [] }, false],
    ['of more than a hundred', { type: 'string', enum: many(101) }, false],
    ['with a value of no letters', { type: 'string', enum: ['a', ''] }, false],
    ['with a value too long', { type: 'string', enum: many(2, 151) }, false],
    ['of titled values, one too long', { type: 'string', oneOf: [{ const: 'x'.repeat(151), title: 'A' }] }, false],
  ] as const)('%s', async (_, property, isAsked) => {
    const asked: Elicitation[] = [];
    const { server } = await pair(async (asking) => {
      asked.push(asking);
      return { action: 'decline' };
    });
    const came = await server.elicitInput(params({ pick: property as Property }));
    expect(came.action).toBe(isAsked ? 'decline' : 'cancel');
    expect(asked).toHaveLength(isAsked ? 1 : 0);
  });
});

describe('a field that asks for a secret is put to nobody', () => {
  test.each<[string, Property, boolean]>([
    ['password', { type: 'string' }, false],
    ['githubToken', { type: 'string' }, false],
    ['API_KEY', { type: 'string' }, false],
    ['f', { type: 'string', title: 'Your access token' }, false],
    ['passphrase', { type: 'string', format: 'email' }, false],
    ['pin', { type: 'string' }, false],
    ['maxTokens', { type: 'number' }, true],
    ['spinner', { type: 'string' }, true],
    ['token', { type: 'string', enum: ['word', 'subword'] }, true],
    ['secretary', { type: 'string', title: 'Key account' }, true],
  ])('%s %j', async (name, property, isAsked) => {
    const asked: Elicitation[] = [];
    const { server } = await pair(async (asking) => {
      asked.push(asking);
      return { action: 'decline' };
    });
    const came = await server.elicitInput(params({ [name]: property }));
    expect([came.action, asked.length]).toEqual(isAsked ? ['decline', 1] : ['cancel', 0]);
  });
});

test('a question that the server takes back is over for us too', async () => {
  const begun = Promise.withResolvers<AbortSignal>();
  const { server } = await pair(async (_asking, ended) => {
    begun.resolve(ended);
    return await new Promise(() => {});
  });
  // The SDK takes no request back whose id is 0.
  await server.ping();
  const stop = new AbortController();
  const asked = server.elicitInput(params({ name: { type: 'string' } }), { signal: stop.signal });
  const ended = await begun.promise;
  expect(ended.aborted).toBe(false);
  const over = new Promise((resolve) => ended.addEventListener('abort', resolve));
  stop.abort(new Error('taken back'));
  await expect(asked).rejects.toThrow('taken back');
  await over;
});

test('a question is over when its call has its answer', async () => {
  const begun = Promise.withResolvers<AbortSignal>();
  const { server, client } = await pair(null);
  server.setRequestHandler(CallToolRequestSchema, async () => {
    void server.elicitInput(params({ name: { type: 'string' } })).catch(() => {});
    await begun.promise;
    return { content: [{ type: 'text', text: 'done' }] };
  });
  const limits = { listMs: 5_000, silenceMs: 5_000, callMs: 5_000 };
  const talk = createTalk({ client, limits: limits as never, stop: new AbortController().signal });
  await talk.callTool({
    name: 'x',
    arguments: {},
    onProgress: () => {},
    elicit: async (_asking, ended) => {
      begun.resolve(ended);
      return await new Promise(() => {});
    },
  });
  expect((await begun.promise).aborted).toBe(true);
});
