import type { z } from 'zod';
import type { AccessFile, FileTest, WorkspaceSection } from '../access-file.ts';
import { isChannelPattern, patternsMeet } from '../channel-patterns.ts';
import { environmentSchema, toEnvironment } from '../environments/environment-schema.ts';
import { modelSchema, toModel } from '../models/model-schema.ts';
import { applyPreset } from '../presets/apply-preset.ts';
import { connection } from './connection-schema.ts';
import {
  type LineOf,
  toBundle,
  toChannel,
  toConnection,
  toGuardrail,
  toPattern,
  toRepositoryGuardrail,
  toScope,
  toTest,
  toToolGuardrail,
  toWorkspace,
} from './convert.ts';
import { type FilePath, type FileProblem, fieldOf } from './problem.ts';
import { type ReadPeople, readPeople } from './read-people.ts';
import { entriesOf, isChannelRef, isMapping, type Root, readRoot, type SectionName } from './read-root.ts';
import { readSchedule } from './read-schedule.ts';
import type { YamlText } from './read-yaml.ts';
import { readRepositories } from './repositories.ts';
import { broadSection, bundle, guardrail, schedule, section, test, workspaceSection } from './schemas.ts';
import { parseEntry } from './strict-entry.ts';

export interface ReadSections {
  /** The entries that could be read. Unreadable ones are left out. */
  readonly file: AccessFile;
  readonly problems: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
  /** The whole content as it was written. */
  readonly root: Root;
}

/** Reads each entry separately, so that one mistake does not hide another. */
export function readSections(text: YamlText, now: Date): ReadSections {
  const problems: FileProblem[] = [];
  const warnings: FileProblem[] = [];
  const root = readRoot(text, problems);

  /** Returns the entry in a list, or an empty list when it cannot be read. Its problems are noted either way. */
  function read<T>(schema: z.ZodType<T>, value: unknown, path: FilePath): T[] {
    // A name without a value means an empty entry.
    const parsed = parseEntry(schema, value ?? {}, path, text);
    problems.push(...parsed.problems);
    return parsed.value === undefined ? [] : [parsed.value];
  }
  function readAll<T, R>(
    name: SectionName,
    schema: z.ZodType<T>,
    make: (key: string, entry: T, lineOf: LineOf) => R,
  ): R[] {
    return entriesOf(root, name, text, problems).flatMap(([key, value]) =>
      filledIn(name, key, value)
        .flatMap((each) => read(schema, each, [name, key]))
        .map((entry) => make(key, entry, lineAt([name, key]))),
    );
  }

  /** A connection that names a preset, with what the preset says. Empty when that cannot be: its problems are noted. */
  function filledIn(name: SectionName, key: string, value: unknown): unknown[] {
    if (name !== 'connections' || !isMapping(value) || typeof value.preset !== 'string') return [value];
    const applied = applyPreset(value);
    if ('entry' in applied) return [applied.entry];
    for (const { field, message } of applied.problems) {
      const path = [name, key, ...field.split('.')];
      problems.push({ line: text.lineOf(path), field: fieldOf(path), message });
    }
    return [];
  }

  /** Lines below an entry. The line of the entry itself is that of its key. */
  function lineAt(at: FilePath): LineOf {
    return (...path) => (path.length === 0 ? text.lineOfKey(at) : text.lineOf([...at, ...path]));
  }

  const connections = readAll('connections', connection, toConnection);
  const guardrails = readAll('guardrails', guardrail, (...read) => ({
    hosts: toGuardrail(...read),
    repositories: toRepositoryGuardrail(...read),
    tools: toToolGuardrail(...read),
  }));
  const file: AccessFile = {
    organization: toScope(read(broadSection, root.organization, ['organization'])[0]),
    workspaces: readWorkspaces(),
    ...readChannels(),
    bundles: readAll('bundles', bundle, (name, entry, lineOf) => {
      const { grants, ...found } = readRepositories(name, entry, connections, text);
      problems.push(...found.problems);
      warnings.push(...found.warnings);
      return toBundle(name, entry, grants, lineOf);
    }),
    connections,
    guardrails: guardrails.flatMap(({ hosts }) => hosts ?? []),
    repositoryGuardrails: guardrails.flatMap(({ repositories }) => repositories ?? []),
    toolGuardrails: guardrails.flatMap(({ tools }) => tools ?? []),
    schedules: readAll('schedules', schedule, (name, entry) => {
      const checked = readSchedule(name, entry, text, now);
      problems.push(...checked.problems);
      warnings.push(...checked.warnings);
      return checked.schedule;
    }),
    tests: readTests(),
    environments: readAll('environments', environmentSchema, toEnvironment),
    models: readAll('models', modelSchema, toModel),
  };
  const people = readPeopleSection();
  return {
    file: people ? { ...file, connections: [...file.connections, ...people.clients], people: people.people } : file,
    ...{ problems, warnings, root },
  };

  /** Names of channels, and patterns of names. A channel must not match two patterns: nobody could say which one counts. */
  function readChannels(): Pick<AccessFile, 'channels' | 'patterns'> {
    const all = readAll('channels', section, (key, entry, lineOf) =>
      isChannelPattern(key) ? { pattern: toPattern(key, entry, lineOf) } : { channel: toChannel(key, entry, lineOf) },
    );
    const patterns = all.flatMap(({ pattern }) => pattern ?? []);
    for (const [index, { pattern, line }] of patterns.entries()) {
      const other = patterns.slice(0, index).find((each) => patternsMeet(each.pattern, pattern));
      if (!other) continue;
      const message = `some names match this pattern and ${other.pattern} in line ${other.line}: a channel must match only one`;
      problems.push({ line, field: `channels.${pattern}`, message });
    }
    return { channels: all.flatMap(({ channel }) => channel ?? []), patterns };
  }

  function readWorkspaces(): WorkspaceSection[] {
    const several = readAll('workspaces', broadSection, (team, entry, lineOf) =>
      toWorkspace(entry, team, ['workspaces', team], lineOf()),
    );
    if (!('workspace' in root)) return several;
    const line = text.lineOfKey(['workspace']);
    if ('workspaces' in root) {
      problems.push({ line, field: 'workspace', message: 'stands beside workspaces: write it there, under its id' });
    }
    const [one] = read(workspaceSection, root.workspace, ['workspace']);
    return [toWorkspace(one, one?.id ?? null, ['workspace'], line), ...several];
  }

  function readPeopleSection(): ReadPeople | null {
    if (root.people === undefined) return null;
    const found = readPeople(root.people, text, root.connections);
    problems.push(...found.problems);
    return found;
  }

  function readTests(): FileTest[] {
    const list = root.tests ?? [];
    if (!Array.isArray(list)) {
      problems.push({ line: text.lineOfKey(['tests']), field: 'tests', message: 'must be a list' });
      return [];
    }
    return list.flatMap((value: unknown, index) => {
      const path = ['tests', index];
      return read(test, value, path).map((entry) => {
        const made = toTest(entry, path, (...below) => text.lineOf([...path, ...below]));
        const { text: from } = made.from;
        if (from !== 'organization' && !isChannelRef(from) && !isChannelPattern(from)) {
          const message = 'must be a channel: "#platform-eng", its id, a pattern of channels, or organization';
          problems.push({ line: made.from.line, field: made.from.field, message });
        }
        return made;
      });
    });
  }
}
