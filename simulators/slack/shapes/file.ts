import type { SlackFile } from '../world/types.ts';
import { TEAM } from '../world/workspace.ts';
import type { World } from '../world/world.ts';

export interface FileShapes {
  /** A file object (docs.slack.dev/reference/objects/file-object). Its addresses lead to this simulator. */
  fileObject(file: SlackFile): Record<string, unknown>;
}

/** @param baseUrl where this simulator listens, known only once it does */
export function createFileShapes(world: World, baseUrl: () => string): FileShapes {
  return {
    fileObject(file) {
      const name = encodeURIComponent(file.name);
      const address = `${baseUrl()}/files-pri/${TEAM.id}-${file.id}`;
      const kinds = file.shares.map((share) => ({ share, kind: world.channel(share.channel)?.kind }));
      const ids = (wanted: readonly string[]) => [
        ...new Set(kinds.flatMap(({ share, kind }) => (wanted.includes(kind ?? '') ? share.channel : []))),
      ];
      return {
        id: file.id,
        created: file.created,
        timestamp: file.created,
        name: file.name,
        title: file.title,
        mimetype: file.mimetype,
        filetype: file.filetype,
        pretty_type: file.filetype.toUpperCase(),
        user: file.user,
        user_team: TEAM.id,
        editable: false,
        size: file.size,
        mode: 'hosted',
        is_external: false,
        external_type: '',
        is_public: ids(['public']).length > 0,
        public_url_shared: false,
        display_as_bot: false,
        username: '',
        url_private: `${address}/${name}`,
        url_private_download: `${address}/download/${name}`,
        permalink: `${baseUrl()}/files/${file.user}/${file.id}/${name}`,
        is_starred: false,
        has_rich_preview: false,
        file_access: 'visible',
        channels: ids(['public']),
        groups: ids(['private']),
        ims: ids(['im', 'mpim']),
        comments_count: 0,
        ...(file.altText === null ? {} : { alt_txt: file.altText }),
        shares: {
          public: sharesOf(kinds.filter(({ kind }) => kind === 'public').map(({ share }) => share)),
          private: sharesOf(kinds.filter(({ kind }) => kind !== 'public').map(({ share }) => share)),
        },
      };
    },
  };
}

function sharesOf(shares: SlackFile['shares']): Record<string, unknown[]> {
  const byChannel: Record<string, unknown[]> = {};
  for (const { channel, ts, threadTs } of shares) {
    byChannel[channel] = [...(byChannel[channel] ?? []), { ts, ...(threadTs === null ? {} : { thread_ts: threadTs }) }];
  }
  return byChannel;
}
