import type { AccessFile, ScopeSection } from '../access-file.ts';
import type { FilePath } from './problem.ts';

/** Every scope of the file, with its path in the file. */
export function scopePaths(file: AccessFile): { readonly section: ScopeSection; readonly path: FilePath }[] {
  return [
    { section: file.organization, path: ['organization'] },
    ...file.workspaces.map((section) => ({ section, path: section.field.split('.') })),
    ...file.patterns.map((section) => ({ section, path: ['channels', section.pattern] })),
    ...file.channels.map((section) => ({ section, path: ['channels', section.channel.text] })),
  ];
}
