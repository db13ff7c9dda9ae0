import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { DIRECT, type Scenario } from '../contract/page.ts';

/**
 * Reads the scripts of a folder of the demo, in the order of their numbers. Leading lines that start with `#` are about the
 * script: the first is its title, `# channel: general` (or `direct message`) and `# note: …` say where it belongs and what to
 * watch for, `# in thread of: 8-x` that somebody else posts it in the thread which that one began. The rest is posted.
 */
export async function readScenarios(folder: string): Promise<Scenario[]> {
  const files = (await readdir(folder).catch(() => []))
    .filter((file) => file.endsWith('.txt'))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return Promise.all(files.map(async (file) => parseScenario(file, await readFile(path.join(folder, file), 'utf8'))));
}

/** @param file its name gives the id, and the title where the text has none */
export function parseScenario(file: string, content: string): Scenario {
  const lines = content.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('#'));
  const about = lines.slice(0, end === -1 ? lines.length : end).map((line) => line.replace(/^#\s*/, '').trim());
  const body = end === -1 ? '' : lines.slice(end).join('\n').trim();
  const channel = (field(about, 'channel') ?? 'platform-eng').replace(/^#/, '');
  const inThreadOf = field(about, 'in thread of');
  return {
    id: file.replace(/\.txt$/, ''),
    title: about.find((line) => line !== '' && !isField(line)) ?? file,
    note: field(about, 'note') ?? '',
    channel,
    text: channel === DIRECT || body.includes('@bellhop') ? body : `@bellhop\n${body}`,
    ...(inThreadOf !== undefined && { inThreadOf }),
  };
}

function isField(line: string): boolean {
  return /^(channel|note|in thread of)\s*:/i.test(line);
}

function field(lines: readonly string[], name: string): string | undefined {
  const line = lines.find((each) => each.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}
