import type { AccessFile, ScopeSection } from '../access-file.ts';
import type { FilePath } from './problem.ts';

/** Every scope of the file with its place in it. */
export function scopePaths(file: AccessFile): { readonly section: ScopeSection; readonly path: FilePath }[] {
  return [
    { section: file.organization, path: ['organization'] },
    ...(file.workspace ? [{ section: file.workspace, path: ['workspace'] }] : []),
    ...file.channels.map((section) => ({ section, path: ['channels', section.channel.text] })),
  ];
}
