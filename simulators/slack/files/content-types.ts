/** Content types by the ending of a name, for the files people and agents exchange. */
const TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  svg: 'image/svg+xml',
  pdf: 'application/pdf',
  zip: 'application/zip',
  gz: 'application/gzip',
  json: 'application/json',
  csv: 'text/csv',
  md: 'text/markdown',
  html: 'text/html',
  txt: 'text/plain',
  log: 'text/plain',
  py: 'text/x-python',
  js: 'text/javascript',
  ts: 'text/typescript',
  sh: 'text/x-shellscript',
  yaml: 'text/yaml',
  yml: 'text/yaml',
};

export interface ContentType {
  readonly mimetype: string;
  /** Slack's short name of the kind. */
  readonly filetype: string;
}

/** Decides by the ending of the name alone. An unknown ending is `application/octet-stream`. */
export function contentTypeOf(name: string): ContentType {
  const ending = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  const mimetype = TYPES[ending];
  return mimetype === undefined
    ? { mimetype: 'application/octet-stream', filetype: 'binary' }
    : { mimetype, filetype: ending };
}
