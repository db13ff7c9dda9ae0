import type { z } from 'zod';
import type { AccessFile } from '../access-file.ts';
import { toBundle, toChannel, toConnection, toGuardrail, toScope, toWorkspace } from './convert.ts';
import type { FilePath, FileProblem } from './problem.ts';
import { entriesOf, type Root, readRoot, type SectionName } from './read-root.ts';
import { readSchedule } from './read-schedule.ts';
import type { YamlText } from './read-yaml.ts';
import { bundle, connection, guardrail, schedule, section, workspaceSection } from './schemas.ts';
import { parseEntry } from './strict-entry.ts';

export interface ReadSections {
  /** What could be read; entries with a problem are left out. */
  readonly file: AccessFile;
  readonly problems: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
  /** Everything that was written. */
  readonly root: Root;
}

/** Reads every entry by itself, so that one mistake hides no other. */
export function readSections(text: YamlText, now: Date): ReadSections {
  const problems: FileProblem[] = [];
  const warnings: FileProblem[] = [];
  const root = readRoot(text, problems);

  /** The entry in a list of one, or an empty list and its problems. */
  function read<T>(schema: z.ZodType<T>, value: unknown, path: FilePath): T[] {
    // A name with nothing behind it is an entry with nothing in it.
    const parsed = parseEntry(schema, value ?? {}, path, text);
    problems.push(...parsed.problems);
    return parsed.value === undefined ? [] : [parsed.value];
  }
  function readAll<T, R>(
    name: SectionName,
    schema: z.ZodType<T>,
    make: (key: string, entry: T, line: number) => R,
  ): R[] {
    return entriesOf(root, name, text, problems).flatMap(([key, value]) =>
      read(schema, value, [name, key]).map((entry) => make(key, entry, text.lineOfKey([name, key]))),
    );
  }

  const file: AccessFile = {
    organization: toScope(read(section, root.organization, ['organization'])[0]),
    workspace:
      'workspace' in root
        ? toWorkspace(read(workspaceSection, root.workspace, ['workspace'])[0], text.lineOfKey(['workspace']))
        : null,
    channels: readAll('channels', section, toChannel),
    bundles: readAll('bundles', bundle, toBundle),
    connections: readAll('connections', connection, toConnection),
    guardrails: readAll('guardrails', guardrail, toGuardrail),
    schedules: readAll('schedules', schedule, (name, entry) => {
      const checked = readSchedule(name, entry, text, now);
      problems.push(...checked.problems);
      warnings.push(...checked.warnings);
      return checked.schedule;
    }),
  };
  return { file, problems, warnings, root };
}
