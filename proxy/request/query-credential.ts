/**
 * Puts a credential into the query, in place of the sandbox's own parameter of that name.
 *
 * @param query with its question mark, or empty
 * @example
 *   withParameter('?a=b&API-KEY=x', 'api_key', 'k+1') // '?a=b&api_key=k%2B1'
 */
export function withParameter(query: string, name: string, value: string): string {
  const kept = withoutPairs(query.slice(1), name);
  return `?${kept}${kept === '' ? '' : '&'}${encoded(name)}=${encoded(value)}`;
}

/**
 * `name=value` pairs without those of one name. The rest stays byte for byte the same. Some servers take a semicolon as
 * a separator too.
 */
export function withoutPairs(pairs: string, name: string): string {
  const key = parameterKey(name);
  return pairs
    .split(/(?=[&;])/)
    .filter((pair) => parameterKey(pair.replace(/^[&;]/, '').split('=', 1)[0] ?? '') !== key)
    .join('')
    .replace(/^[&;]/, '');
}

/** RFC 3986 2.3: everything but unreserved characters. `encodeURIComponent` leaves five more. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * A name of a parameter for comparing. Servers decode it. Some end it at `[` or a NUL, some read `.` or `-` as `_`, and
 * some do not tell capitals apart.
 */
export function parameterKey(name: string): string {
  const decoded = name.replace(/%([0-9A-F]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return decoded
    .toLowerCase()
    .replace(/(?<=.)[[\0].*$/s, '')
    .replace(/[^a-z0-9]/g, '');
}
