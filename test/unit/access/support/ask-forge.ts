import type { Forge, RepositoryGrant } from '../../../../access/document.ts';
import { judgeForgeApi } from '../../../../access/forge/judge-api.ts';

const FORGE = { gitHost: 'hub.test', gitPort: 443, apiHost: 'api.hub.test', apiPort: 443, apiPath: '' };

/** Grants of one repository each. A field that is not given is that of `acme/shop` with `propose`. */
export function grants(kind: Forge['kind'], ...list: readonly Partial<RepositoryGrant>[]): RepositoryGrant[] {
  return (list.length > 0 ? list : [{}]).map((each) => ({
    repository: 'acme/shop',
    access: 'propose',
    branches: [],
    connection: 'forge',
    forge: { ...FORGE, kind },
    ...each,
  }));
}

export interface Asked {
  readonly kind?: Forge['kind'];
  readonly grants?: readonly Partial<RepositoryGrant>[];
  readonly query?: string;
  readonly ids?: Readonly<Record<string, string>>;
  readonly guardrails?: Parameters<typeof judgeForgeApi>[1]['guardrails'];
}

/** What a forge's API is asked, judged with these grants. */
export function ask(method: string, path: string, body: Record<string, unknown> | null = null, asked: Asked = {}) {
  const { kind = 'github', query = '', ids = {}, guardrails = [] } = asked;
  return judgeForgeApi(
    { forge: { kind }, method, path, query, body },
    { grants: grants(kind, ...(asked.grants ?? [])), guardrails, repositoryOfId: (id) => ids[id] ?? null },
  );
}

/** The same for a GraphQL document. */
export const graphql = (query: string, variables: Record<string, unknown> = {}, asked: Asked = {}) =>
  ask('POST', '/graphql', { query, variables }, asked);
