/** A mistake or a doubt in a file, for the person who wrote it: where it is and what it is. */
export interface FileProblem {
  /** Counted from 1. */
  readonly line: number;
  /** Such as `bundles.public-web.domains[0].host`. Empty for the file as a whole. */
  readonly field: string;
  /** Never quotes a value that may be a secret. */
  readonly message: string;
}

export type FilePath = readonly (string | number)[];

/** `bellhop.yaml:12: bundles.public-web.domains[0].host: covers every host there is`. */
export function formatProblem(file: string, { line, field, message }: FileProblem): string {
  return [`${file}:${line}`, field, message].filter((part) => part !== '').join(': ');
}

/** `bundles.public-web.domains[0].host`. */
export function fieldOf(path: FilePath): string {
  return path.reduce<string>((field, part) => {
    if (typeof part === 'number') return `${field}[${part}]`;
    return field === '' ? part : `${field}.${part}`;
  }, '');
}

/** Sorts by line, and by field inside a line. */
export function byLine(a: FileProblem, b: FileProblem): number {
  return a.line - b.line || a.field.localeCompare(b.field);
}
