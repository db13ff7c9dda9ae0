import { isChannelPattern } from '../channel-patterns.ts';
import { isChannelId } from '../find-channel.ts';
import { didYouMean } from '../near-names.ts';
import { NAME, NAME_RULE } from './leaf-schemas.ts';
import { type FileProblem, fieldOf } from './problem.ts';
import type { YamlText } from './read-yaml.ts';

const SECTIONS = [
  'organization',
  'workspace',
  'workspaces',
  'channels',
  'bundles',
  'connections',
  'guardrails',
  'schedules',
  'environments',
  'models',
  'people',
  'tests',
] as const;
export type SectionName = (typeof SECTIONS)[number];
export type Root = Readonly<Partial<Record<SectionName, unknown>>>;

/**
 * Slack's rule: at most 80 lower-case letters, digits, hyphens and underscores, and letters of scripts without case.
 */
const CHANNEL_NAME = /^#?[\p{Ll}\p{Lo}\p{Lm}\p{M}\p{N}_-]{1,80}$/u;
const CHANNEL_RULE =
  'is neither a channel\'s name ("#platform-eng"), nor its id (C0123ABCD), nor a pattern of names with one * ("#incident-*")';

/** What is left of a channel's entry when its name was read as a comment. */
const SETTINGS = ['bundles', 'instructions', 'environment', 'model', 'models', 'enabled', 'listen'];

const WORKSPACE_ID = /^T[A-Z0-9]+$/;

/** How the entries of some sections are called. Those of the others have names. */
const KEYS: Partial<Record<SectionName, { fits(key: string): boolean; rule: string }>> = {
  channels: { fits: (key) => isChannelRef(key) || isChannelPattern(key), rule: CHANNEL_RULE },
  workspaces: { fits: (key) => WORKSPACE_ID.test(key), rule: "is no workspace's id, such as T0123ABCD" },
};

/** The sections of the file. Any other key is a problem. */
export function readRoot(text: YamlText, problems: FileProblem[]): Root {
  if (text.content === null || text.content === undefined) {
    problems.push({ line: 1, field: '', message: 'the file is empty; the least it can say is "organization: {}"' });
    return {};
  }
  if (!isMapping(text.content)) {
    problems.push({ line: 1, field: '', message: 'must be a mapping (key: value)' });
    return {};
  }
  for (const key of Object.keys(text.content)) {
    if ((SECTIONS as readonly string[]).includes(key)) continue;
    const message = `unknown key${didYouMean(key, SECTIONS)}; known here: ${SECTIONS.join(', ')}`;
    problems.push({ line: text.lineOfKey([key]), field: key, message });
  }
  return text.content;
}

/** The named entries of one section, in the order of the file. */
export function entriesOf(root: Root, name: SectionName, text: YamlText, problems: FileProblem[]): [string, unknown][] {
  const section = root[name];
  if (section === undefined) return [];
  if (!isMapping(section)) {
    const hint = name === 'channels' && section === null ? ': a name that begins with # needs quotes' : '';
    problems.push({ line: text.lineOfKey([name]), field: name, message: `must be a mapping (name: entry)${hint}` });
    return [];
  }
  return Object.entries(section).filter(([key, value]) => {
    if (name === 'channels' && SETTINGS.includes(key) && !isMapping(value)) {
      const path = [name, key];
      const message = `is a setting where a channel's name is expected: a name that begins with # needs quotes ("#ops":)`;
      problems.push({ line: text.lineOfKey(path), field: fieldOf(path), message });
      return false;
    }
    const fits = KEYS[name]?.fits(key) ?? NAME.test(key);
    if (!fits) {
      const path = [name, key];
      const message = KEYS[name]?.rule ?? NAME_RULE;
      problems.push({ line: text.lineOfKey(path), field: fieldOf(path), message });
    }
    return fits;
  });
}

/** Whether a value of the file is a mapping: no list, and not null. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a text is a channel's name, with or without `#`, or a channel's id. */
export function isChannelRef(text: string): boolean {
  return CHANNEL_NAME.test(text) || isChannelId(text);
}
