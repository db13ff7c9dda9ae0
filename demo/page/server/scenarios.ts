import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Scenario } from '../contract/page.ts';

/**
 * Reads the scripts of the demo. Leading lines that start with `#` are about the script: the first is its title,
 * `# channel: general` and `# note: …` say where it belongs and what to watch for. The rest is posted.
 */
export async function readScenarios(folder: string): Promise<Scenario[]> {
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.txt')).sort();
  return Promise.all(files.map(async (file) => parseScenario(file, await readFile(path.join(folder, file), 'utf8'))));
}

/** @param file its name gives the id, and the title where the text has none */
export function parseScenario(file: string, content: string): Scenario {
  const lines = content.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('#'));
  const about = lines.slice(0, end === -1 ? lines.length : end).map((line) => line.replace(/^#\s*/, '').trim());
  const body = end === -1 ? '' : lines.slice(end).join('\n').trim();
  return {
    id: file.replace(/\.txt$/, ''),
    title: about.find((line) => line !== '' && !isField(line)) ?? file,
    note: field(about, 'note') ?? '',
    channel: (field(about, 'channel') ?? 'platform-eng').replace(/^#/, ''),
    text: body.includes('@bellhop') ? body : `@bellhop\n${body}`,
  };
}

function isField(line: string): boolean {
  return /^(channel|note)\s*:/i.test(line);
}

function field(lines: readonly string[], name: string): string | undefined {
  const line = lines.find((each) => each.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}
