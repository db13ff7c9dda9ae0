import { execFile } from 'node:child_process';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

/** A pull request with the fields of Gitea's API that are used here. */
export interface Pull {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly state: 'open';
  /** Gitea has no draft of its own: a title that begins with `WIP:` is one. */
  readonly draft: boolean;
  readonly html_url: string;
  readonly user: { readonly login: string };
  readonly head: { readonly ref: string; readonly sha: string };
  readonly base: { readonly ref: string; readonly sha: string };
}

export interface PullAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface PullsOptions {
  /** The bare repository. */
  readonly repository: string;
  /** Where the pull requests are kept, as JSON. */
  readonly file: string;
  /** `https://git.acme.test/acme/shop` */
  readonly url: string;
}

export interface Pulls {
  list(): Promise<readonly Pull[]>;
  /** @param text the body of the request; @param login whom the credential belongs to */
  create(text: string, login: string): Promise<PullAnswer>;
}

const wish = z.object({
  title: z.string().min(1),
  body: z.string().default(''),
  head: z.string().min(1),
  base: z.string().min(1),
});

/** The pull requests of one repository: those that Gitea's API would make, list and refuse. */
export function createPulls({ repository, file, url }: PullsOptions): Pulls {
  const list = async (): Promise<Pull[]> => JSON.parse(await readFile(file, 'utf8').catch(() => '[]')) as Pull[];

  async function shaOf(branch: string): Promise<string | null> {
    const args = ['-C', repository, 'rev-parse', '--verify', '--quiet', `refs/heads/${branch}`];
    return run('git', args).then(
      ({ stdout }) => stdout.trim(),
      () => null,
    );
  }

  // Two requests at once would take the same number. Therefore each waits for the one before it.
  let last: Promise<unknown> = Promise.resolve();
  async function createNow(text: string, login: string): Promise<PullAnswer> {
    const parsed = wish.safeParse(parseJson(text));
    if (!parsed.success) return { status: 422, body: { message: 'title, head and base are required' } };
    const { title, body, head, base } = parsed.data;
    const pulls = await list();
    const [headSha, baseSha] = [await shaOf(head), await shaOf(base)];
    if (!headSha || !baseSha) return { status: 404, body: { message: `there is no branch ${headSha ? base : head}` } };
    const same = pulls.find((each) => each.head.ref === head && each.base.ref === base);
    if (same)
      return {
        status: 409,
        body: { message: `pull request already exists for these targets [number: ${same.number}]` },
      };
    const pull: Pull = {
      number: pulls.length + 1,
      title,
      body,
      state: 'open',
      draft: /^(WIP:|\[WIP\])/i.test(title),
      html_url: `${url}/pulls/${pulls.length + 1}`,
      user: { login },
      head: { ref: head, sha: headSha },
      base: { ref: base, sha: baseSha },
    };
    await writeFile(`${file}.new`, JSON.stringify([...pulls, pull], null, 2));
    await rename(`${file}.new`, path.resolve(file));
    return { status: 201, body: pull };
  }

  return {
    list,
    create(text, login) {
      const created = last.then(() => createNow(text, login));
      last = created.catch(() => {});
      return created;
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
