import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

/**
 * The files of a git repository with one commit, as any web server can serve it: what `git update-server-info` leaves.
 * https://git-scm.com/docs/http-protocol, "Dumb Clients"
 */
export function tinyRepository(fileName: string, text: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const store = (type: string, content: Buffer): string => {
    const object = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]);
    const id = createHash('sha1').update(object).digest('hex');
    files.set(`objects/${id.slice(0, 2)}/${id.slice(2)}`, deflateSync(object));
    return id;
  };
  const blob = store('blob', Buffer.from(text));
  const tree = store('tree', Buffer.concat([Buffer.from(`100644 ${fileName}\0`), Buffer.from(blob, 'hex')]));
  const who = 'Test <test@origin.test> 1700000000 +0000';
  const commit = store('commit', Buffer.from(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nOne file\n`));
  files.set('HEAD', Buffer.from('ref: refs/heads/main\n'));
  files.set('info/refs', Buffer.from(`${commit}\trefs/heads/main\n`));
  files.set('objects/info/packs', Buffer.from('\n'));
  return files;
}
