/** Environments by a Dockerfile: read as `apply` reads them, built and used on the real engine. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseAccessFile } from '../../../access/parse-file/parse-access-file.ts';
import { readDockerfiles } from '../../../cli/apply/read-dockerfiles.ts';
import type { Environment } from '../../../contracts/environments.ts';
import { docker } from '../../support/installation/containers.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { createFixture, type Fixture } from './fixture.ts';

let fixture: Fixture;
let folder: TemporaryFolder;
let uid = 95_000;
const images: string[] = [];

beforeAll(async () => {
  [fixture, folder] = await Promise.all([createFixture(), temporaryFolder()]);
}, 900_000);
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
  for (const image of images) await docker('rmi', '--force', image).catch(() => undefined);
  await folder?.[Symbol.asyncDispose]();
}, 60_000);

const FILE = `organization: { environment: tools }
environments:
  tools: { dockerfile: tools/Dockerfile }
`;

/** What `apply` makes of a file whose environment names this Dockerfile. */
async function read(dockerfile: string, files: Readonly<Record<string, string>> = {}) {
  const tools = path.join(folder.path, `f${uid++}`, 'tools');
  await mkdir(tools, { recursive: true });
  await writeFile(path.join(tools, 'Dockerfile'), dockerfile);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(tools, name)), { recursive: true });
    await writeFile(path.join(tools, name), content, { mode: name.endsWith('.sh') ? 0o755 : 0o644 });
  }
  await symlink('/etc/passwd', path.join(tools, 'link'));
  const parsed = parseAccessFile(FILE, new Date());
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  const { file, problems } = await readDockerfiles(parsed.file, path.dirname(tools));
  return {
    environment: file.environments?.[0],
    problems: problems.map(({ line, field, message }) => `${line}: ${field}: ${message}`),
  };
}

async function environmentOf(...given: Parameters<typeof read>): Promise<Environment> {
  const { environment, problems } = await read(...given);
  if (!environment) throw new Error(problems.join('\n'));
  return { ...environment, name: `test-${fixture.installation}` };
}

async function build(wanted: Environment) {
  const { runtime } = fixture;
  const lines: string[] = [];
  const onLine = (line: string) => lines.push(line);
  await runtime.buildEnvironment(`env-${uid++}`, await runtime.environmentImage(wanted), { caBundle: '', onLine });
  const built = await runtime.environmentImage(wanted);
  images.push(built.image);
  return { built, lines };
}

const DOCKERFILE = `FROM bellhop-base:bookworm
ARG GREETING=hello
ENV FLAVOUR=sweet PATH=/opt/team/bin:$PATH PRICE='5$'
WORKDIR /opt/team
COPY --chmod=755 bin/*.sh bin/
COPY settings /opt/team/settings
COPY one.txt /usr/local/share
RUN useradd --create-home builder && mkdir made && chown builder made
USER builder
RUN id -un > made/by && pwd >> made/by && echo "$GREETING $FLAVOUR" \\
  # said by whoever builds
  >> made/by
USER root
RUN ["sh", "-c", "id -un >> made/by"]
COPY --chown=builder one.txt made/
RUN (sleep 1000 &) ; true
CMD ["never"]
`;
const FILES = {
  'bin/tool.sh': '#!/bin/sh\necho tool of the team\n',
  'settings/a/b.conf': 'b\n',
  'settings/left-out.conf': 'x\n',
  '.dockerignore': 'settings/left*\n',
  'one.txt': 'one\n',
};

test('FROM, ARG, ENV, WORKDIR, COPY, RUN and USER do what people expect of them', async () => {
  const wanted = await environmentOf(DOCKERFILE, FILES);
  const { built, lines } = await build(wanted);
  expect(lines).toContain('bellhop: line 5 of tools/Dockerfile (COPY --chmod=755 bin/*.sh bin/)');
  const id = `s${uid}`;
  const agentUid = uid++;
  const spec = { id, session: `slack:T1:C1:${id}`, runner: 'r1', agentUid, caBundle: 'roots\n', environment: built };
  await fixture.runtime.provision(spec);
  const command = [
    'tool.sh; cat /opt/team/made/by /opt/team/settings/a/b.conf /usr/local/share/one.txt',
    'ls /opt/team/settings; stat -c %a /opt/team/bin/tool.sh /usr/local/share; stat -c %u:%g /opt/team/made/one.txt /opt/team/bin/tool.sh',
    'echo $FLAVOUR "$PRICE"; env | grep -c GREETING; whoami; ls -A /build 2>&1',
  ].join('; ');
  const step = { uid: agentUid, step: 's', turn: 1, command, timeoutMs: 20_000 };
  const { output } = await fixture.runtime.runStep(id, step);
  expect(output).toMatch(
    /^tool of the team\nbuilder\n\/opt\/team\nhello sweet\nroot\nb\none\na\n755\n755\n1000:\d+\n0:0\nsweet 5\$\n0\nagent\nls: cannot access '\/build'/,
  );
}, 180_000);

test('the same Dockerfile and files are one image; a file that it copies makes another', async () => {
  const name = async (files: Readonly<Record<string, string>>) =>
    (await fixture.runtime.environmentImage(await environmentOf(DOCKERFILE, files))).missing;
  expect(await name(FILES)).toBeNull();
  expect(await name({ ...FILES, 'settings/left-out.conf': 'another\n' })).toBeNull();
  expect(await name({ ...FILES, 'one.txt': 'two\n' })).not.toBeNull();
});

test('a step that fails is told with its line, the exit code and its last words, and leaves no image', async () => {
  const wanted = await environmentOf(
    'FROM bellhop-base:bookworm\nRUN echo first\nRUN echo last words >&2; exit 7\nRUN echo never\n',
  );
  const lines: string[] = [];
  const image = await fixture.runtime.environmentImage(wanted);
  const built = fixture.runtime.buildEnvironment(`env-${uid++}`, image, {
    caBundle: '',
    onLine: (line) => lines.push(line),
  });
  await expect(built).rejects.toMatchObject({
    code: 'ImageBuildFailed',
    message: 'last words\nthe step ended with exit code 7',
  });
  expect(lines.filter((line) => line.startsWith('bellhop: line')).at(-1)).toBe(
    'bellhop: line 3 of tools/Dockerfile (RUN echo last words >&2; exit 7)',
  );
  expect(lines).not.toContain('never');
  expect((await fixture.runtime.environmentImage(wanted)).ready).toBe(false);
  expect(
    await docker('ps', '-aq', '--filter', `name=bellhop-build-bellhop-environment-${image.missing?.split(':')[1]}`),
  ).toBe('');
}, 120_000);

test('what cannot be copied is refused with file and line: outside, links, secrets, too much', async () => {
  const copy = async (what: string, files: Readonly<Record<string, string>> = {}) =>
    (await read(`FROM a\nCOPY ${what} /x/\n`, files)).problems.join('\n');
  const missing = /^3: environments\.tools\.dockerfile: tools\/Dockerfile:2: no file of its folder is called/;
  expect(await copy('../../bellhop.yaml')).toMatch(missing);
  expect(await copy('link')).toMatch(missing);
  expect(await copy('none')).toMatch(missing);
  expect(await copy('.env', { '.env': 'A=b\n' })).toMatch(/\.env is or holds what looks like a file of secrets/);
  const token = `gh${'p_'}${'a1B2'.repeat(9)}`;
  expect(await copy('conf', { conf: `x ${token}\n` })).toMatch(/conf is or holds what looks like a token of GitHub/);
  expect(await copy('big', { big: 'x'.repeat(600_000) })).toMatch(/copies more than 524288 bytes/);
  const many = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`many/${index}`, 'x']));
  expect(await copy('many', many)).toMatch(/copies more than 200 files/);
  expect((await read('FROM a\nADD x /x\n')).problems).toEqual([
    expect.stringMatching(/^3: environments\.tools\.dockerfile: tools\/Dockerfile:2: ADD is not carried out here/),
  ]);
});

test('a Dockerfile that is not there, and one beside an image, are refused', async () => {
  const parsed = parseAccessFile(FILE, new Date());
  if ('problems' in parsed) throw new Error('it has problems');
  const { problems } = await readDockerfiles(parsed.file, '/nowhere');
  expect(problems).toEqual([
    {
      line: 3,
      field: 'environments.tools.dockerfile',
      message: 'the file /nowhere/tools/Dockerfile cannot be read (ENOENT)',
    },
  ]);
  const both = parseAccessFile(FILE.replace('{ dockerfile', '{ image: debian, dockerfile'), new Date());
  expect(both).toMatchObject({ problems: [{ line: 3, message: 'names its own image by FROM: leave `image` out' }] });
});
