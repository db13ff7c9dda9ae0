/**
 * Puts variables into a word of a Dockerfile: `$NAME`, `${NAME}`, `${NAME:-otherwise}`, `${NAME:+instead}`. A backslash keeps a dollar sign
 * (https://docs.docker.com/reference/dockerfile/#environment-replacement).
 */
export function putVariablesIn(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(
    /\\([\s\S])|\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?::([-+])([^}]*))?\})/g,
    (whole, escaped?: string, plain?: string, braced?: string, sign?: string, word = '') => {
      if (escaped !== undefined) return escaped === '$' ? '$' : whole;
      const value = variables.get(plain ?? braced ?? '') ?? '';
      if (sign === '-') return value === '' ? putVariablesIn(word, variables) : value;
      if (sign === '+') return value === '' ? '' : putVariablesIn(word, variables);
      return value;
    },
  );
}
