import type { InboxFile } from '../../store/inbox.ts';

/** Slack's `mode` of a file that nobody can fetch any more (docs.slack.dev/reference/objects/file-object), in words. */
const GONE: Readonly<Record<string, string>> = {
  tombstone: 'it was deleted',
  hidden_by_limit: "it is hidden by the limit of the workspace's plan",
};

/**
 * A file object of Slack. Null for what names no file.
 *
 * Slack gives some files as an id only (`file_access: check_file_info`), as in channels that are shared with others. Such a file has
 * no address yet: `files.info` is asked for it when it is fetched.
 */
export function fileOf(file: Readonly<Record<string, unknown>>): InboxFile | null {
  const { id, name, title, mimetype, size, mode } = file;
  if (typeof id !== 'string') return null;
  const url = file.url_private_download ?? file.url_private;
  const gone = typeof mode === 'string' ? GONE[mode] : undefined;
  return {
    id,
    name: [name, title].find((each): each is string => typeof each === 'string' && each !== '') ?? id,
    mimetype: typeof mimetype === 'string' ? mimetype : 'application/octet-stream',
    size: typeof size === 'number' ? size : 0,
    url: typeof url === 'string' ? url : '',
    ...(gone !== undefined && { problem: `not taken: ${gone}` }),
  };
}
