import type { Forge, RepositoryGrant } from '../../../../access/document.ts';
import { createApiGate } from '../../../../proxy/git/api-gate.ts';
import type { ForgeRequest } from '../../../../proxy/git/content.ts';
import { connection } from '../../../support/access-document.ts';

const FORGE: Forge = {
  ...{ kind: 'github', gitHost: 'hub.test', gitPort: 443, apiHost: 'api.hub.test', apiPort: 443, apiPath: '' },
};
const GRANT: RepositoryGrant = {
  ...{ repository: 'acme/shop', access: 'propose', branches: [], connection: 'personal/github', forge: FORGE },
};
const LOOK = { query: '{ repository(owner: "acme", name: "shop") { id } }' };
const OPEN = {
  query: 'mutation($input: CreatePullRequestInput!) { createPullRequest(input: $input) { pullRequest { id } } }',
  variables: {
    input: { repositoryId: 'R1', baseRefName: 'main', headRefName: 'bellhop/x', title: 'x', draft: true },
  },
};

/** A call by a turn that acts as a person. */
function asked(owner: `person:${string}:${string}`, json: object): ForgeRequest {
  const bytes = Buffer.from(JSON.stringify(json));
  const own = { ...connection('personal/github', 'api.hub.test'), owner };
  return {
    exchange: { method: 'POST', work: null },
    head: { headers: [['content-type', 'application/json']], framing: { kind: 'length', length: bytes.length } },
    target: { query: '' },
    body: { whole: async () => bytes, setAside() {} },
    decision: { outcome: 'injected', rule: { from: 'connection', connection: own } },
    forge: { connection: 'personal/github', forge: FORGE },
    grants: [GRANT],
    guardrails: [],
  } as unknown as ForgeRequest;
}

test('what a forge has shown one person of its ids is known to nobody else', async () => {
  const gate = createApiGate();
  const look = await gate.judge(asked('person:T1:UADA', LOOK), '/graphql');
  look.answer?.read(Buffer.from(JSON.stringify({ data: { repository: { id: 'R1' } } })));
  await expect(gate.judge(asked('person:T1:ULINUS', OPEN), '/graphql')).rejects.toMatchObject({ code: 'api_refused' });
  expect((await gate.judge(asked('person:T1:UADA', OPEN), '/graphql')).body).not.toBeNull();
});
