import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { sha256Of } from './ledger.ts';

/** Accounts at Acme: the agent's own one, and those of people who have made a token. */
export interface Accounts {
  /** Whose token it is; null for nobody's. */
  ownerOf(token: string): string | null;
  /** Whether it is the account of the agent, and no person's. */
  isService(login: string): boolean;
  /** A number of the account that never changes while this process runs. */
  idOf(login: string): number;
  /**
   * Makes a token of this person, which is told once: only its hash is kept. The tokens made before go on working.
   * Null for a login that nobody can have.
   */
  makeToken(login: string): Promise<string | null>;
}

export interface AccountsOptions {
  /** Where hashes are kept, as JSON. */
  readonly file: string;
  /** The account that belongs to the agent and to no person. */
  readonly service: { readonly login: string; readonly tokenSha256: string };
  /** SHA-256, in hex, of a token that each of these logins has from the beginning. */
  readonly people: Readonly<Record<string, string>>;
}

const LOGIN = /^[a-z][a-z0-9-]{0,30}$/;
/** Of one person. With one more, the oldest ends. */
const MOST_TOKENS = 10;
const kept = z.array(z.object({ login: z.string(), sha256: z.string() }));

/** Reads the tokens that were made before; a file that cannot be read begins anew, for this is a simulator. */
export async function openAccounts({ file, service, people }: AccountsOptions): Promise<Accounts> {
  const text = await readFile(file, 'utf8').catch(() => '[]');
  let made = kept.catch([]).parse(jsonOf(text));
  const given = [
    ...Object.entries(people).map(([login, sha256]) => ({ login, sha256 })),
    { login: service.login, sha256: service.tokenSha256 },
  ];

  // Two tokens made at once would be written over each other. Therefore each waits for the one before it.
  let last: Promise<unknown> = Promise.resolve();
  async function add(login: string): Promise<string> {
    const token = `acme_${randomBytes(20).toString('hex')}`;
    const own = made.filter((each) => each.login === login).slice(1 - MOST_TOKENS);
    const others = made.filter((each) => each.login !== login);
    const next = [...others, ...own, { login, sha256: sha256Of(token) }];
    await writeFile(`${file}.new`, JSON.stringify(next), { mode: 0o600 });
    await chmod(`${file}.new`, 0o600);
    await rename(`${file}.new`, file);
    made = next;
    return token;
  }

  return {
    ownerOf(token) {
      const sha256 = sha256Of(token);
      return [...given, ...made].find((each) => each.sha256 === sha256)?.login ?? null;
    },
    isService: (login) => login === service.login,
    idOf: (login) => [...new Set([...given, ...made].map((each) => each.login))].indexOf(login) + 1,
    async makeToken(login) {
      if (!LOGIN.test(login) || login === service.login) return null;
      const making = last.then(() => add(login));
      last = making.catch(() => {});
      return await making;
    },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
