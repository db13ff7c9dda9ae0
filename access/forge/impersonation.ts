import { queryReadings } from '../path-readings.ts';

/** GitLab and Gitea let an administrator act as another user, by a header or a parameter with this name. */
const NAME = 'sudo';

/** A parameter of this name. Some servers skip signs before a name, so that `[sudo]` is `sudo`. */
const PARAMETER = /[?&;][^\w?&;=]*sudo(?!\w)/i;

const TOO_OFTEN = 'The query is percent-encoded too many times over.';

/**
 * Why a request to a forge is refused: it would act as another user, or its query cannot be decoded, so that nobody can
 * say whether it does. Null when it acts for nobody else.
 *
 * @param query with its question mark, or empty
 * @param headerKeys the names of its headers, from `headerKey`
 */
export function actsForAnother(query: string, headerKeys: readonly string[] = []): string | null {
  if (headerKeys.includes(NAME)) return 'Nobody else is acted for: the header "Sudo" is refused.';
  if (!isDecodable(query)) return 'The query cannot be decoded as UTF-8.';
  // A server in between may decode once more, so every level of encoding counts.
  const readings = queryReadings(query);
  if (readings === null) return TOO_OFTEN;
  const isNamed = readings.some((each) => PARAMETER.test(each));
  return isNamed ? 'Nobody else is acted for: "sudo" is refused.' : null;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
