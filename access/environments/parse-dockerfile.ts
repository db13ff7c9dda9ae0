import { DockerfileParser, type Instruction } from 'dockerfile-ast';
import type { DockerfileStep } from '../../contracts/environments.ts';
import { IMAGE, RESERVED, VARIABLE } from './environment-names.ts';
import { knownToken, secretLike } from './secret-like.ts';

/** A Dockerfile as it is written: its sources of COPY are not looked for yet. */
export interface ParsedDockerfile {
  readonly image: string;
  readonly steps: readonly WrittenStep[];
}

/** `from` has patterns of files. */
export type WrittenStep =
  | Exclude<DockerfileStep, { readonly do: 'copy' }>
  | (Omit<Extract<DockerfileStep, { readonly do: 'copy' }>, 'from' | 'intoFolder'> & {
      readonly from: readonly string[];
    });

export interface DockerfileProblem {
  readonly line: number;
  readonly message: string;
}

/** They say how containers of an image start, and a sandbox starts in its own way. */
const WITHOUT_EFFECT = ['CMD', 'ENTRYPOINT', 'EXPOSE', 'HEALTHCHECK', 'LABEL', 'MAINTAINER', 'STOPSIGNAL'];
const REFUSED: Readonly<Record<string, string>> = {
  ADD: 'use COPY for files of the folder, and RUN with curl for what is fetched: it goes through the proxy then',
  VOLUME: 'a sandbox has no storage beside /workspace',
  ONBUILD: 'nothing is built upon this image',
};
const MAX_STEPS = 200;
const SHOWN = 120;

/**
 * Reads a Dockerfile of one stage. What it says but cannot be done here is a problem with its line, and never left out in silence.
 *
 * @example
 *   parseDockerfile('FROM debian:bookworm\nRUN apt-get update\n')
 *   // { image: 'debian:bookworm', steps: [{ do: 'run', line: 2, shell: 'apt-get update', text: 'RUN apt-get update' }] }
 */
export function parseDockerfile(text: string): ParsedDockerfile | { readonly problems: readonly DockerfileProblem[] } {
  const problems: DockerfileProblem[] = [];
  const parsed = DockerfileParser.parse(text);
  const escapeSign = parsed.getEscapeCharacter();
  const beforeFrom = new Map<string, string>();
  const steps: WrittenStep[] = [];
  let image: string | null = null;

  text.split('\n').forEach((line, index) => {
    const token = knownToken(line);
    if (token)
      problems.push({ line: index + 1, message: `holds what looks like ${token}: secrets belong to connections` });
  });
  for (const instruction of parsed.getInstructions()) {
    const line = instruction.getRange().start.line + 1;
    const refuse = (message: string) => problems.push({ line, message });
    const keyword = instruction.getKeyword();
    if (keyword === 'FROM') {
      if (image !== null) refuse('a second FROM: only one stage is built here');
      else image = imageOf(instruction, beforeFrom, refuse);
      continue;
    }
    if (WITHOUT_EFFECT.includes(keyword)) continue;
    const reason = REFUSED[keyword];
    if (reason !== undefined) {
      refuse(`${keyword} is not carried out here: ${reason}`);
      continue;
    }
    const step = stepOf(instruction, { line, escapeSign, refuse });
    if (step === null) continue;
    if (image === null && step.do === 'arg') beforeFrom.set(step.name, step.value ?? '');
    else if (image === null) refuse('stands before FROM');
    else steps.push(step);
  }
  if (image === null && problems.length === 0) problems.push({ line: 1, message: 'has no FROM' });
  if (steps.length > MAX_STEPS) problems.push({ line: 1, message: `has more than ${MAX_STEPS} instructions` });
  return image === null || problems.length > 0 ? { problems } : { image, steps };
}

interface Place {
  readonly line: number;
  readonly escapeSign: string;
  readonly refuse: (message: string) => void;
}

function imageOf(instruction: Instruction, args: ReadonlyMap<string, string>, refuse: Place['refuse']): string | null {
  const [written = '', ...rest] = wordsOf(instruction);
  if (written.startsWith('--')) {
    refuse('FROM takes no options here: the image is that of the machine');
    return written;
  }
  if (rest.length > 0 && !(rest.length === 2 && /^as$/i.test(rest[0] ?? ''))) refuse('FROM takes one image');
  const image = written.replace(/\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?/g, (_, name: string) => args.get(name) ?? '');
  if (!IMAGE.test(image))
    refuse(`${image || 'nothing'} is no name of an image, such as registry.example/team/tools:1.2`);
  return image;
}

function stepOf(instruction: Instruction, place: Place): WrittenStep | null {
  const { line, refuse } = place;
  const keyword = instruction.getKeyword();
  const content = joined(instruction.getRawArgumentsContent() ?? '', place.escapeSign);
  const whole = joined(instruction.toString(), place.escapeSign).replace(/\s+/g, ' ');
  const at = { line, text: `${keyword}${whole.slice(keyword.length)}`.slice(0, SHOWN) };
  const options = optionsOf(instruction.toString());
  if (content === '' && keyword !== '') {
    refuse(`${keyword} says nothing`);
    return null;
  }
  switch (keyword) {
    case 'RUN': {
      if (options.length > 0) return refused(place, `RUN ${options[0]} is not carried out here: leave the option out`);
      if (/(?<!<)<<(?!<)-?\s*["']?[A-Za-z_]/.test(content)) {
        return refused(place, 'a document inside RUN (<<) is not understood: put it into a file and COPY it');
      }
      const words = listOf(content);
      return words ? { ...at, do: 'exec', words } : { ...at, do: 'run', shell: content };
    }
    case 'COPY':
      return copyOf(content, options, at, place);
    case 'ENV':
    case 'ARG': {
      const values = valuesOf(instruction);
      for (const [name, value] of values) checkVariable(name, value, keyword, refuse);
      if (keyword === 'ENV') return { ...at, do: 'env', values };
      const [[name, value] = ['', '']] = values;
      if (values.length > 1) return refused(place, 'ARG takes one name');
      return { ...at, do: 'arg', name, value: content.includes('=') ? value : null };
    }
    case 'WORKDIR':
      return { ...at, do: 'workdir', path: unquoted(content) };
    case 'USER':
      return { ...at, do: 'user', name: unquoted(content) };
    case 'SHELL': {
      const words = listOf(content);
      return words && words.length > 0
        ? { ...at, do: 'shell', words }
        : refused(place, 'SHELL takes a list, such as ["/bin/bash", "-c"]');
    }
    default:
      return refused(place, `${keyword} is no instruction that is known here`);
  }
}

function copyOf(
  content: string,
  options: readonly string[],
  at: Pick<DockerfileStep, 'line' | 'text'>,
  place: Place,
): WrittenStep | null {
  const known = new Map<string, string>();
  for (const option of options) {
    const [, name, value] = /^--(chown|chmod)=(\S+)$/.exec(option) ?? [];
    if (name === undefined || value === undefined) {
      return refused(place, `COPY ${option} is not carried out here; known are --chown and --chmod`);
    }
    known.set(name, value);
  }
  const words = listOf(content) ?? content.split(/\s+/);
  const to = words.at(-1);
  const from = words.slice(0, -1);
  if (to === undefined || from.length === 0) return refused(place, 'COPY takes files and a place for them');
  if (from.some((each) => each.includes('$') || each.startsWith('<<'))) {
    return refused(place, 'COPY takes files by their names here, without variables');
  }
  return { ...at, do: 'copy', from, to, owner: known.get('chown') ?? null, mode: known.get('chmod') ?? null };
}

function refused(place: Place, message: string): null {
  place.refuse(message);
  return null;
}

function checkVariable(name: string, value: string, keyword: string, refuse: Place['refuse']): void {
  const secret = secretLike(name, value);
  if (!VARIABLE.test(name)) refuse(`${keyword}: ${name} is no name of a variable`);
  else if (RESERVED.test(name) && name !== 'PATH') refuse(`${keyword}: ${name} is set by the sandbox itself`);
  else if (secret) refuse(`${keyword}: ${name} is no place for a secret, and ${secret}: secrets belong to connections`);
}

/** Lines that are continued, as one. Comments between them go (https://docs.docker.com/reference/dockerfile/#format). */
function joined(text: string, escapeSign: string): string {
  const lines = text.split(/\r?\n/).filter((line, index) => index === 0 || !/^\s*#/.test(line));
  return lines
    .map((line) => (line.trimEnd().endsWith(escapeSign) ? line.trimEnd().slice(0, -1) : line))
    .join('')
    .trim();
}

function wordsOf(instruction: Instruction): string[] {
  return [...optionsOf(instruction.toString()), ...instruction.getArguments().map((each) => each.getValue())];
}

/** `--name=value` behind the keyword. The parser knows the instructions that have some. */
function optionsOf(text: string): string[] {
  const [, options = ''] = /^\s*\w+((?:\s+--[a-z][a-z-]*(?:=\S*)?)*)/.exec(text) ?? [];
  return options.split(/\s+/).filter(Boolean);
}

/** The form in brackets. Null for any other. */
function listOf(content: string): string[] | null {
  if (!content.startsWith('[')) return null;
  try {
    const read: unknown = JSON.parse(content);
    return Array.isArray(read) && read.every((each) => typeof each === 'string') ? read : null;
  } catch {
    return null;
  }
}

function valuesOf(instruction: Instruction): [string, string][] {
  const properties = (
    instruction as Instruction & { getProperties(): { getName(): string; getValue(): string | null }[] }
  ).getProperties();
  return properties.map((each) => [each.getName(), each.getValue() ?? '']);
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, '$2');
}
