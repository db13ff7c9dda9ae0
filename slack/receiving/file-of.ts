import type { InboxFile } from '../../store/inbox.ts';

/** Slack's `mode` of a file that nobody can fetch any more (docs.slack.dev/reference/objects/file-object), in words. */
const GONE: Readonly<Record<string, string>> = {
  tombstone: 'it was deleted',
  hidden_by_limit: "it is hidden by the limit of the workspace's plan",
};

/** What Slack lists among files and gives to no app as one. */
const DOCUMENTS: Readonly<Record<string, string>> = { canvas: 'canvas', quip: 'canvas', list: 'list' };

/** What a file object is to people: `canvas` or `list` of Slack, a file that is kept elsewhere, or a plain `file`. */
export function fileKind({ mode, filetype, is_external: external }: Readonly<Record<string, unknown>>): string {
  if (external === true || mode === 'external') return 'file kept outside of Slack';
  return DOCUMENTS[String(mode)] ?? DOCUMENTS[String(filetype)] ?? 'file';
}

function whyNot(file: Readonly<Record<string, unknown>>): string | undefined {
  const gone = typeof file.mode === 'string' ? GONE[file.mode] : undefined;
  if (gone !== undefined) return gone;
  const kind = fileKind(file);
  if (kind === 'file') return undefined;
  const link = typeof file.permalink === 'string' ? `; people open it at ${file.permalink}` : '';
  return `it is a ${kind}, which I cannot open${link}`;
}

/**
 * A file object of Slack. Null for what names no file.
 *
 * Slack gives some files as an id only (`file_access: check_file_info`), as in channels that are shared with others. Such a file has
 * no address yet: `files.info` is asked for it when it is fetched.
 */
export function fileOf(file: Readonly<Record<string, unknown>>): InboxFile | null {
  const { id, name, title, mimetype, size } = file;
  if (typeof id !== 'string') return null;
  const url = file.url_private_download ?? file.url_private;
  const problem = whyNot(file);
  return {
    id,
    name: [name, title].find((each): each is string => typeof each === 'string' && each !== '') ?? id,
    mimetype: typeof mimetype === 'string' ? mimetype : 'application/octet-stream',
    size: typeof size === 'number' ? size : 0,
    url: typeof url === 'string' ? url : '',
    ...(problem !== undefined && { problem: `not taken: ${problem}` }),
  };
}
