import { decide } from '../../../access/decide.ts';
import { type AccessDocument, EMPTY_DOCUMENT } from '../../../access/document.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import type { HeldConnection } from '../../../access/personal-access.ts';
import { createKeyPair } from '../../../credentials/key-pair.ts';
import { createCommitAuthors } from '../../../proxy/credentials/commit-authors.ts';
import { createInjector } from '../../../proxy/credentials/injector.ts';
import { createPersonAuthor } from '../../../proxy/credentials/person-author.ts';
import { guardrail } from '../../support/access-document.ts';
import { fileOf } from '../../support/access-yaml.ts';

const ADA = 'person:T1:UADA';
const HELD: readonly HeldConnection[] = [{ connection: 'gitea', version: 1 }];

function offering(offer: string): AccessDocument {
  const { people } = fileOf(`people: { offer: [${offer}] }\n`);
  return { ...EMPTY_DOCUMENT, ...(people && { people }) };
}

const GITEA = offering('{ preset: gitea, host: git.acme.test }');
const FORBIDDING: AccessDocument = { ...GITEA, guardrails: [guardrail('no-users', '*', { paths: ['/api/v1/user'] })] };
const DELETES_ONLY = offering('{ preset: gitea, host: git.acme.test, methods: [DELETE] }');

/** Counts how often the forge would have been dialled. */
async function asked(document: AccessDocument): Promise<{ author: string | null; opened: number; dialled: number }> {
  const seen = { opened: 0, dialled: 0 };
  const ask = createPersonAuthor({
    dialer: {
      connectTls: async () => {
        seen.dialled += 1;
        throw new Error('there is no forge here');
      },
    },
    injector: {
      prepare: async () => {
        seen.opened += 1;
        return { way: 'headers', headers: [{ name: 'authorization', value: 'Basic x' }], hidden: [] };
      },
    },
  });
  const access = effectiveAccess(document, ADA, HELD);
  const author = await ask({ access, principal: ADA, signal: AbortSignal.timeout(5_000) }).catch(() => 'failed');
  return { author, ...seen };
}

describe('the person who commits', () => {
  test('is asked of the forge where a request of the sandbox may ask it', async () => {
    expect(await asked(GITEA)).toMatchObject({ author: 'failed', opened: 1, dialled: 1 });
  });

  test.each([
    ['a guardrail', FORBIDDING],
    ['the methods of the offer', DELETES_ONLY],
  ])('is not asked against %s', async (_what, document) => {
    const access = effectiveAccess(document, ADA, HELD);
    const request = { method: 'GET', scheme: 'https', host: 'git.acme.test', port: 443, path: '/api/v1/user' } as const;
    expect(decide(request, access).outcome).toBe('blocked');
    expect(await asked(document)).toEqual({ author: null, opened: 0, dialled: 0 });
  });

  test('is nobody after the time in which an answer is due, while the database is silent', async () => {
    const authors = createCommitAuthors({
      document: () => GITEA,
      injector: { author: () => new Promise(() => {}) },
      personal: { heldBy: () => new Promise(() => {}) },
      personAuthor: () => new Promise(() => {}),
      confirm: () => {},
      onError: () => {},
      withinMs: 50,
    });
    expect(await authors.of(ADA)).toBeNull();
  });

  test('is nobody while the credential is not read in time', async () => {
    const problems: string[] = [];
    const authors = createCommitAuthors({
      document: () => GITEA,
      injector: { author: () => new Promise(() => {}) },
      personal: { heldBy: async () => HELD },
      personAuthor: () => new Promise(() => {}),
      confirm: () => {},
      onError: (_error, what) => problems.push(what),
      withinMs: 50,
    });
    expect(await authors.of(ADA)).toBeNull();
    expect(problems).toEqual([expect.stringMatching(/the forge does not say who/)]);
  });
});

test('a credential of a person that cannot be read is a refusal in words', async () => {
  const problems: string[] = [];
  const injector = createInjector({
    keys: await createKeyPair(),
    sealedOf: () => null,
    sealedPersonal: () => Promise.reject(new Error('ECONNREFUSED')),
    minter: { token: () => Promise.reject(new Error('none')), author: async () => null },
    onError: (_error, what) => problems.push(what),
  });
  const [rule] = effectiveAccess(GITEA, ADA, HELD).rules;
  if (rule?.from !== 'connection') throw new Error('no rule');
  const request = { connection: rule.connection, principal: ADA, rule: 'r', path: '/', repositories: [] } as const;
  const refused = expect.objectContaining({ code: 'policy_stale', rule: 'r', connection: 'personal/gitea' });
  await expect(injector.prepare({ ...request, signal: AbortSignal.timeout(5_000) })).rejects.toEqual(refused);
  expect(problems).toHaveLength(1);
});
