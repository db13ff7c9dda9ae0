import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { AccessFile } from '../../access/access-file.ts';
import {
  type ParsedDockerfile,
  parseDockerfile,
  type WrittenStep,
} from '../../access/environments/parse-dockerfile.ts';
import { knownToken } from '../../access/environments/secret-like.ts';
import type { FileProblem } from '../../access/parse-file/problem.ts';
import type { ContextFile, Dockerfile, DockerfileStep, Environment } from '../../contracts/environments.ts';
import { type BuildFolder, readBuildFolder } from './build-folder.ts';

export interface ReadDockerfiles {
  /** The file with what its Dockerfiles say. */
  readonly file: AccessFile;
  readonly problems: readonly FileProblem[];
}

const MAX_TEXT = 64 * 1024;
/** What is copied is stored with the rules, in each version of them. */
const MAX_BYTES = 512 * 1024;
const MAX_BYTES_IN_ALL = 2 * 1024 * 1024;
const MAX_FILES = 200;
const SECRET_FILE = /^(?:\.env(?:\..*)?|\.netrc|\.git-credentials|id_(?:rsa|dsa|ecdsa|ed25519)|.*\.(?:key|p12|pfx))$/;

/**
 * Reads the Dockerfiles that environments name, and the files that they copy. All of it is stored with the rules, because the runner that
 * builds may be on another machine.
 *
 * @param folder of `bellhop.yaml`, where their paths start
 */
export async function readDockerfiles(file: AccessFile, folder: string): Promise<ReadDockerfiles> {
  const problems: FileProblem[] = [];
  const environments: Environment[] = [];
  let bytes = 0;
  for (const { dockerfileAt, ...environment } of file.environments ?? []) {
    if (dockerfileAt === undefined) {
      environments.push(environment);
      continue;
    }
    const read = await readOne(path.resolve(folder, dockerfileAt.path), dockerfileAt.path);
    const place = { line: dockerfileAt.line, field: `environments.${environment.name}.dockerfile` };
    if ('problems' in read) {
      problems.push(...read.problems.map((message) => ({ ...place, message })));
      continue;
    }
    environments.push({ ...environment, ...read });
    bytes += sizeOf(read.dockerfile.files);
    if (bytes > MAX_BYTES_IN_ALL)
      problems.push({
        ...place,
        message: `the files that Dockerfiles copy are more than ${MAX_BYTES_IN_ALL} bytes in all`,
      });
  }
  return { file: { ...file, environments }, problems };
}

type Read = { readonly image: string; readonly dockerfile: Dockerfile } | { readonly problems: readonly string[] };

const EMPTY_FOLDER: BuildFolder = { find: () => ({ files: [], isFolder: false }) };

/** @param shown its path, as the access file has it */
async function readOne(file: string, shown: string): Promise<Read> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return { problems: [`the file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`] };
  }
  if (text.length > MAX_TEXT) return { problems: [`the file ${file} is longer than ${MAX_TEXT} characters`] };
  const parsed = parseDockerfile(text);
  if ('problems' in parsed)
    return { problems: parsed.problems.map(({ line, message }) => `${shown}:${line}: ${message}`) };
  // Without COPY nothing of the folder is used, however large it is.
  if (!parsed.steps.some((step) => step.do === 'copy')) return await withFiles(parsed, EMPTY_FOLDER, { file, shown });
  const folder = await readBuildFolder(path.dirname(file));
  if (!folder) return { problems: [`the folder of ${shown} holds too much: name what to leave out in .dockerignore`] };
  return await withFiles(parsed, folder, { file, shown });
}

async function withFiles(
  { image, steps: written }: ParsedDockerfile,
  folder: BuildFolder,
  { file, shown }: { readonly file: string; readonly shown: string },
): Promise<Read> {
  const problems: string[] = [];
  const names = new Set<string>();
  const steps: DockerfileStep[] = written.map((step) => {
    if (step.do !== 'copy') return step;
    const copied = copyOf(step, folder);
    for (const pattern of copied.missing) {
      problems.push(
        `${shown}:${step.line}: no file of its folder is called ${pattern}, or it is left out: by .dockerignore, as a link, or as a part of .git or node_modules`,
      );
    }
    for (const each of copied.step.from) names.add(each.path);
    return copied.step;
  });
  if (names.size > MAX_FILES) return { problems: [`${shown} copies more than ${MAX_FILES} files`] };
  const files: ContextFile[] = [];
  for (const name of names) {
    const at = path.join(path.dirname(file), name);
    const { size, mode } = await stat(at);
    if (sizeOf(files) + size > MAX_BYTES) {
      return {
        problems: [
          `${shown} copies more than ${MAX_BYTES} bytes: bring larger files by the image of FROM, or fetch them by RUN`,
        ],
      };
    }
    const content = await readFile(at);
    const secret = SECRET_FILE.test(path.basename(name)) ? 'a file of secrets' : knownToken(content.toString('latin1'));
    if (secret) problems.push(`${shown}: ${name} is or holds what looks like ${secret}: secrets belong to connections`);
    files.push({ path: name, executable: (mode & 0o111) !== 0, content: content.toString('base64') });
  }
  return problems.length > 0 ? { problems } : { image, dockerfile: { file: shown, steps, files } };
}

function copyOf(step: Extract<WrittenStep, { readonly do: 'copy' }>, folder: BuildFolder) {
  const found = step.from.map((pattern) => ({ pattern, ...folder.find(pattern) }));
  const from = found.flatMap(({ files }) => files);
  const intoFolder = /(?:^|\/)\.?$/.test(step.to) || from.length > 1 || found.some(({ isFolder }) => isFolder);
  return {
    missing: found.filter(({ files }) => files.length === 0).map(({ pattern }) => pattern),
    step: { ...step, from, intoFolder },
  };
}

function sizeOf(files: readonly ContextFile[]): number {
  return files.reduce((sum, { content }) => sum + Math.floor((content.length * 3) / 4), 0);
}
