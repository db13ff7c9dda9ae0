import { formatBytes } from '../../../../admin/web/parts/times.ts';
import type { SlackFile } from '../../contract/slack.ts';

const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** Files of a message: pictures are shown, everything is a link to the file. */
export function MessageFiles({ files }: { readonly files: readonly SlackFile[] }) {
  if (files.length === 0) return null;
  return (
    <ul className="files">
      {files.map((file) => (
        <li key={file.id}>
          <a href={`/api/slack/files/${file.id}`} target="_blank" rel="noreferrer">
            {PICTURES.includes(file.mimetype) ? (
              <img src={`/api/slack/files/${file.id}`} alt={file.altText ?? `Picture ${file.name}`} />
            ) : (
              <span className="files__plain">{file.name}</span>
            )}
          </a>
          <p className="files__caption">
            {file.name} · {formatBytes(file.size)}
          </p>
        </li>
      ))}
    </ul>
  );
}
