/** Schemes with which a forge's own credential travels. Tokens that it makes for a store of files have others. */
const FORGE_SCHEMES = /^(?:basic|bearer|token)\b/i;

/**
 * The answer to a batch request of Git LFS, without the forge's credential. Gitea repeats the Authorization header of
 * the request in it, which is the one that the proxy attached. On the forge's host the proxy attaches it again.
 *
 * @param forgeHost the host of the forge's git
 * @returns null for an answer that cannot be read, which must not be passed on
 */
export function withoutForgeCredentials(answer: Buffer, forgeHost: string): Buffer | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer.toString('utf8'));
  } catch {
    return null;
  }
  return Buffer.from(JSON.stringify(cleaned(parsed, forgeHost)));
}

/** Actions may stand under `actions` or, in an old form, under `_links`. So every object with a `href` counts. */
function cleaned(value: unknown, forgeHost: string): unknown {
  if (Array.isArray(value)) return value.map((each) => cleaned(each, forgeHost));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([name, each]) => [name, cleaned(each, forgeHost)] as const);
  const object = Object.fromEntries(entries);
  if (object.header === null || typeof object.header !== 'object') return object;
  const isForge = hostOf(object.href) === forgeHost;
  const header = Object.entries(object.header as Record<string, unknown>).filter(
    ([name, each]) =>
      !/^(?:proxy-)?authorization$/i.test(name) || !(isForge || FORGE_SCHEMES.test(String(each).trim())),
  );
  return { ...object, header: Object.fromEntries(header) };
}

function hostOf(href: unknown): string | null {
  try {
    return new URL(String(href)).hostname;
  } catch {
    return null;
  }
}
