import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A scenario of the demo: a sentence that a person says, and the script that the demo model makes of it. */
export interface Scenario {
  /** The file's name without its ending. */
  readonly name: string;
  /** What the person says. */
  readonly sentence: string;
  /** Label of its button. */
  readonly button: string;
  /** Where the button says it, such as `#general`. */
  readonly channel: string | null;
  readonly script: string;
}

/**
 * Reads the scenarios of a folder in the order of their names; none if there is no such folder. A file begins with
 * comment lines: the sentence, then `button:` and `channel:`. A file without a script has that of the scenario with
 * the same sentence.
 */
export function loadScenarios(folder: string): Scenario[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.txt'));
  const read = files
    .sort()
    .map((file) => parseScenario(basename(file, '.txt'), readFileSync(join(folder, file), 'utf8')));
  return read.map((scenario) => ({ ...scenario, script: scenario.script || scriptOf(read, scenario.sentence) }));
}

/** The scenario a person means: by its sentence, anywhere in the text, or by its name. */
export function findScenario(scenarios: readonly Scenario[], text: string): Scenario | undefined {
  const said = normal(text);
  return scenarios.find(({ sentence, name }) => said.includes(normal(sentence)) || said === normal(name));
}

function parseScenario(name: string, text: string): Scenario {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('#'));
  const [sentence = name, ...rest] = lines.slice(0, end < 0 ? lines.length : end).map((line) => line.slice(1).trim());
  const field = (key: string) =>
    rest
      .find((line) => line.startsWith(`${key}:`))
      ?.slice(key.length + 1)
      .trim();
  return {
    name,
    sentence,
    button: field('button') ?? sentence,
    channel: field('channel') ?? null,
    script: end < 0 ? '' : lines.slice(end).join('\n').trim(),
  };
}

function scriptOf(scenarios: readonly Scenario[], sentence: string): string {
  return scenarios.find((other) => other.sentence === sentence && other.script !== '')?.script ?? '';
}

function normal(text: string): string {
  return text
    .toLowerCase()
    .replace(/[’‘]/g, "'")
    .replace(/[.!?\s]+$/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
