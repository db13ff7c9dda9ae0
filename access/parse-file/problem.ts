/** Something wrong, or doubtful, in a file: where it is and what it is, for whoever wrote the file. */
export interface FileProblem {
  /** Counted from 1. */
  readonly line: number;
  /** `bundles.public-web.domains[0].host`; empty for the file itself. */
  readonly field: string;
  /** Never quotes what may be a secret. */
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

/** For sorting: top to bottom, fields of one line by name. */
export function byLine(a: FileProblem, b: FileProblem): number {
  return a.line - b.line || a.field.localeCompare(b.field);
}
