import type { FieldNode, SelectionSetNode } from 'graphql';
import { type Act, type ApiRequest, denied, type JudgedCall, text } from './api-request.ts';
import { type GraphqlDocument, RefusedQuery, readDocument } from './graphql-document.ts';
import { FIELDS, HARMLESS_ARGUMENTS, MUTATIONS, namesBelow, VIEWER_FIELDS } from './graphql-fields.ts';
import { idsInAnswer, type RepositoryPart } from './graphql-ids.ts';
import type { ApiGrants } from './judge-api.ts';
import { matchesRef } from './ref-names.ts';
import { accessTo, isRepositoryName, notGranted } from './repository.ts';

const USE_REST = 'Use the REST API instead (gh api repos/OWNER/NAME/...).';
/** Fields of an answer that are looked at for ids. */
const MAX_ANSWERED_FIELDS = 200_000;
const KEYS: readonly string[] = ['query', 'variables', 'operationName'];
/** Root fields that tell nothing of any repository. */
const FACTS: readonly string[] = ['__typename', '__schema', '__type', 'rateLimit'];

/**
 * Judges a request to GitHub's GraphQL API. The document is parsed, and it must be one operation. Every field is
 * compared with the lists in graphql-fields.ts, and every repository that is named must be granted. What is sent is printed from
 * what was parsed.
 */
export function judgeGraphql({ method, body }: ApiRequest, granted: ApiGrants): JudgedCall {
  if (method !== 'POST') return denied('GraphQL is asked by POST.');
  try {
    if (Object.keys(body ?? {}).some((key) => !KEYS.includes(key))) {
      throw new RefusedQuery('A GraphQL request has "query", "variables" and "operationName" only.');
    }
    const source = text(body?.query);
    if (source === null) throw new RefusedQuery('A GraphQL request must carry its query as text.');
    const variables = body?.variables ?? {};
    if (typeof variables !== 'object' || Array.isArray(variables)) {
      throw new RefusedQuery('The variables must be an object.');
    }
    return judgeOperation(source, variables as Readonly<Record<string, unknown>>, granted);
  } catch (error) {
    if (error instanceof RefusedQuery) return denied(error.message);
    throw error;
  }
}

function judgeOperation(source: string, variables: Readonly<Record<string, unknown>>, granted: ApiGrants): JudgedCall {
  const document = readDocument(source, variables);
  const { operation } = document;
  const parts: RepositoryPart[] = [];
  const acts: Act[] = [];
  const isMutation = operation.operation === 'mutation';
  for (const field of document.fieldsOf(operation.selectionSet)) {
    const root = field.name.value;
    if (isMutation) {
      const act = judgeMutation(document, field, granted);
      parts.push({ field, repository: act.repository });
      acts.push(act);
    } else if (operation.operation !== 'query') throw new RefusedQuery('GraphQL subscriptions are not carried.');
    else if (root === 'repository') parts.push({ field, repository: judgeRepository(document, field, granted) });
    else if (root === 'node') parts.push({ field, repository: judgeNode(document, field, granted) });
    else if (root === 'viewer') requireOnly(document, field.selectionSet, VIEWER_FIELDS);
    else if (!FACTS.includes(root)) throw refusedField(root);
  }
  const repositories = new Set(parts.map(({ repository }) => repository));
  if (!isMutation)
    acts.push(...[...repositories].map((repository) => ({ repository, operations: ['read'], ref: null })));
  const names = new Set(acts.map(({ operations }) => operations[0]));
  return {
    isAllowed: true,
    call: {
      isAllowed: true,
      operation: names.size === 0 ? 'read' : [...names].join(' '),
      repository: repositories.size === 0 ? null : [...repositories].join(' '),
      ref: acts.find(({ ref }) => ref !== null)?.ref ?? null,
      query: document.print(),
      idsIn: (answer) => idsInAnswer(readDocument(source, variables, MAX_ANSWERED_FIELDS), parts, answer),
    },
    acts,
  };
}

/** Judges `repository(owner:, name:)` and returns its name. */
function judgeRepository(document: GraphqlDocument, field: FieldNode, granted: ApiGrants): string {
  const owner = document.argument(field, 'owner');
  const name = document.argument(field, 'name');
  const repository = `${owner}/${name}`;
  if (typeof owner !== 'string' || typeof name !== 'string' || !isRepositoryName(repository, 'github')) {
    throw new RefusedQuery('A repository is named by its owner and name.');
  }
  if (!accessTo(repository, granted.grants)) throw new RefusedQuery(notGranted(repository));
  requireInside(document, field.selectionSet);
  return repository;
}

/** Judges `node(id:)`, which may only be something inside a granted repository. Returns the repository's name. */
function judgeNode(document: GraphqlDocument, field: FieldNode, granted: ApiGrants): string {
  const id = document.argument(field, 'id');
  const repository = typeof id === 'string' ? granted.repositoryOfId(id) : null;
  if (!repository) throw new RefusedQuery(`The repository of this id is not known. ${ASK_FIRST}`);
  if (!accessTo(repository, granted.grants)) throw new RefusedQuery(notGranted(repository));
  requireInside(document, field.selectionSet);
  return repository;
}

const ASK_FIRST = `Ask for the id in this repository first. ${USE_REST}`;

function judgeMutation(document: GraphqlDocument, field: FieldNode, granted: ApiGrants): Act {
  const name = field.name.value;
  const rule = Object.hasOwn(MUTATIONS, name) ? MUTATIONS[name] : undefined;
  if (!rule) throw new RefusedQuery(`The GraphQL mutation ${name} is refused. ${USE_REST}`);
  const input = document.argument(field, 'input');
  if (input === null || typeof input !== 'object' || Array.isArray(input)) {
    throw new RefusedQuery('A mutation needs its input.');
  }
  const given = input as Readonly<Record<string, unknown>>;
  const possible = [...rule.targets, ...rule.fields];
  const unknown = Object.keys(given).find((key) => key !== 'clientMutationId' && !possible.includes(key));
  if (unknown !== undefined) {
    throw new RefusedQuery(`The field ${unknown} of ${name} is refused. Possible are: ${possible.join(', ')}.`);
  }
  const ids = rule.targets.map((target) => given[target]).filter((id) => id !== undefined && id !== null);
  const repository = targetOf(name, ids, granted);
  requireInside(document, field.selectionSet);
  const ref = name === 'createPullRequest' ? judgeDraft(given, repository, granted) : null;
  return { repository, operations: [rule.operation, ...(rule.also ?? [])], ref };
}

/** The repository to which all target ids belong. It must be granted for more than reading. */
function targetOf(mutation: string, ids: readonly unknown[], { grants, repositoryOfId }: ApiGrants): string {
  const found = new Set(ids.map((id) => (typeof id === 'string' ? repositoryOfId(id) : null)));
  const [repository] = found;
  if (found.size !== 1 || !repository) {
    throw new RefusedQuery(
      `The GraphQL mutation ${mutation} names its target by an id whose repository is not known. ${ASK_FIRST}`,
    );
  }
  const access = accessTo(repository, grants);
  if (!access) throw new RefusedQuery(notGranted(repository));
  if (!access.mayPropose) throw new RefusedQuery(`The repository ${repository} is granted for reading only.`);
  return repository;
}

function judgeDraft(input: Readonly<Record<string, unknown>>, repository: string, { grants }: ApiGrants): string {
  if (input.draft !== true) throw new RefusedQuery('A pull request must be a draft: use gh pr create --draft.');
  const ref = `refs/heads/${text(input.headRefName) ?? ''}`;
  const branches = accessTo(repository, grants)?.branches ?? [];
  if (matchesRef(branches, ref)) return ref;
  throw new RefusedQuery(`A pull request must come from a branch that may be pushed: ${branches.join(', ')}.`);
}

function requireInside(document: GraphqlDocument, selection: SelectionSetNode | undefined): void {
  for (const field of document.fieldsOf(selection)) {
    const name = field.name.value;
    if (FIELDS.naming.has(name)) {
      requireNoChoice(field);
      requireOnly(document, field.selectionSet, namesBelow(name));
    } else if (FIELDS.inside.has(name)) requireInside(document, field.selectionSet);
    else throw refusedField(name);
  }
}

function requireOnly(
  document: GraphqlDocument,
  selection: SelectionSetNode | undefined,
  names: ReadonlySet<string>,
): void {
  for (const field of document.fieldsOf(selection)) {
    if (!names.has(field.name.value)) throw refusedField(field.name.value);
    requireNoChoice(field);
    requireOnly(document, field.selectionSet, names);
  }
}

/** An argument could choose what the graph does not link: from a person `repository(name:)` leads to any repository. */
function requireNoChoice(field: FieldNode): void {
  const chooses = field.arguments?.some((each) => !HARMLESS_ARGUMENTS.has(each.name.value));
  if (chooses) throw refusedField(field.name.value);
}

function refusedField(name: string): RefusedQuery {
  return new RefusedQuery(
    `The GraphQL field ${name} is refused, because it may lead out of the granted repositories. ${USE_REST}`,
  );
}
