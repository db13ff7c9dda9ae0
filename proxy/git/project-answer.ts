/** GitLab shows this field to maintainers in its answer about a project. With it a runner registers and gets jobs. */
const TOKEN = 'runners_token';

/**
 * GitLab's answer about a project, without the token of its runners.
 *
 * @returns null for an answer that cannot be read, which must not be passed on
 */
export function withoutRunnersToken(answer: Buffer): Buffer | null {
  try {
    const kept: unknown = JSON.parse(answer.toString('utf8'), (name, value) => (name === TOKEN ? undefined : value));
    return Buffer.from(JSON.stringify(kept));
  } catch {
    return null;
  }
}
