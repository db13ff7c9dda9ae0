import { isChannelId } from '../find-channel.ts';
import { didYouMean } from '../near-names.ts';
import { NAME, NAME_RULE } from './leaf-schemas.ts';
import { type FileProblem, fieldOf } from './problem.ts';
import type { YamlText } from './read-yaml.ts';

const SECTIONS = [
  'organization',
  'workspace',
  'channels',
  'bundles',
  'connections',
  'guardrails',
  'schedules',
] as const;
export type SectionName = (typeof SECTIONS)[number];
export type Root = Readonly<Partial<Record<SectionName, unknown>>>;

/** Slack: lower-case letters, digits, hyphens and underscores, and letters of other scripts; 80 at most. */
const CHANNEL_NAME = /^#?[\p{Ll}\p{Lo}\p{Lm}\p{M}\p{N}_-]{1,80}$/u;
const CHANNEL_RULE = 'is neither a channel\'s name ("#platform-eng") nor its id (C0123ABCD)';

/** The sections of the file; a key that is none of them is a problem. */
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
  return Object.entries(section).filter(([key]) => {
    const fits = name === 'channels' ? isChannelRef(key) : NAME.test(key);
    if (!fits) {
      const path = [name, key];
      const message = name === 'channels' ? CHANNEL_RULE : NAME_RULE;
      problems.push({ line: text.lineOfKey(path), field: fieldOf(path), message });
    }
    return fits;
  });
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `#name`, or the id of a channel. */
export function isChannelRef(text: string): boolean {
  return CHANNEL_NAME.test(text) || isChannelId(text);
}
