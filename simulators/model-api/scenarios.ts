import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A script for the demo model, with a sentence that stands for it. */
export interface Scenario {
  /** The file's name without its ending. */
  readonly name: string;
  /** What a person may say instead of the script. */
  readonly sentence: string;
  readonly script: string;
}

/**
 * Reads the scenarios of a folder in the order of their names, `10-x` after `9-x`; none if there is no such folder. Comment lines at the
 * beginning are about the scenario: the first is its sentence, the others are for the page that shows it.
 */
export function loadScenarios(folder: string): Scenario[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.txt'));
  return files
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((file) => parseScenario(basename(file, '.txt'), readFileSync(join(folder, file), 'utf8')));
}

/** The scenario a person means: by its sentence, anywhere in the text, or by its name. */
export function findScenario(scenarios: readonly Scenario[], text: string): Scenario | undefined {
  const said = normal(text);
  return scenarios.find(({ sentence, name }) => said.includes(normal(sentence)) || said === normal(name));
}

function parseScenario(name: string, text: string): Scenario {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('#'));
  const script = end < 0 ? '' : lines.slice(end).join('\n').trim();
  return { name, sentence: lines[0]?.replace(/^#\s*/, '').trim() || name, script };
}

function normal(text: string): string {
  return text
    .toLowerCase()
    .replace(/[’‘]/g, "'")
    .replace(/[.!?\s]+$/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
