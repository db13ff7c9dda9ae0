/** Sandboxes of images that a team has made, on the real engine and a real registry. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../../contracts/environments.ts';
import { isDockerError } from '../../../docker/errors.ts';
import { runCommand } from '../../../docker/run-command.ts';
import type { SandboxSpec } from '../../../docker/sandbox.ts';
import { type ImageRegistry, startImageRegistry } from '../../support/image-registry.ts';
import { docker } from '../../support/installation/containers.ts';
import { createFixture, type Fixture } from './fixture.ts';

let fixture: Fixture;
let registry: ImageRegistry;
let uid = 94_000;
const images: string[] = [];

beforeAll(async () => {
  [fixture, registry] = await Promise.all([createFixture(), startImageRegistry()]);
}, 900_000);
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
  for (const image of images) await docker('rmi', '--force', image).catch(() => undefined);
  await registry?.[Symbol.asyncDispose]();
}, 60_000);

/** Makes an image as a team would. Returns its name, which is one of the registry. */
async function make(name: string, dockerfile: string): Promise<string> {
  const image = `${registry.address}/${name}`;
  const folder = await mkdtemp(join(tmpdir(), 'bellhop-test-image-'));
  try {
    await writeFile(join(folder, 'Dockerfile'), dockerfile);
    await docker('build', '-q', '--network', 'none', '-t', image, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  images.push(image);
  return image;
}

/** A shell and a few programs of Debian with their libraries, and nothing else: no bash, no /etc, no users. */
function small(more = ''): string {
  const programs =
    '/bin/sh /bin/cat /bin/chmod /bin/cp /bin/ln /bin/ls /bin/mkdir /bin/rm /usr/bin/env /usr/bin/id /usr/bin/whoami';
  return `FROM ${fixture.image} AS debian
RUN mkdir -p /small/bin && cp -L ${programs} /small/bin/ \\
 && for lib in $(ldd ${programs} | grep -o '/[^ ]*' | grep -v ':$' | sort -u); do mkdir -p /small$(dirname $lib); cp -L $lib /small$lib; done
FROM scratch
COPY --from=debian /small /
${more}`;
}

function environment(image: string, more: Partial<Environment> = {}): Environment {
  const name = `test-${fixture.installation}`;
  return { name, image, packages: [], setup: '', variables: {}, memoryMb: null, cpus: null, registries: [], ...more };
}

/** Loads an empty image that says it is made for another kind of machine. */
async function loadForeign(image: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bellhop-test-image-'));
  const config = { architecture: 's390x', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [] } };
  try {
    await writeFile(join(folder, 'config.json'), JSON.stringify(config));
    const manifest = [{ Config: 'config.json', RepoTags: [image], Layers: [] }];
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
    const archive = join(folder, 'image.tar');
    await runCommand('tar', ['-cf', archive, '-C', folder, 'config.json', 'manifest.json'], {
      cwd: folder,
      env: process.env,
    });
    await docker('load', '-q', '-i', archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  images.push(image);
}

async function build(wanted: Environment) {
  const { runtime } = fixture;
  const found = await runtime.environmentImage(wanted);
  const lines: string[] = [];
  await runtime.buildEnvironment(`env-${uid++}`, found, { caBundle: '', onLine: (line) => lines.push(line) });
  const built = await runtime.environmentImage(wanted);
  images.push(built.image);
  return { found, built, lines };
}

async function sandboxOf(wanted: Environment) {
  const { built, lines } = await build(wanted);
  const id = `s${uid}`;
  const agentUid = uid++;
  const spec: SandboxSpec = {
    id,
    session: `slack:T1:C1:${id}`,
    runner: 'r1',
    agentUid,
    caBundle: 'roots\n',
    environment: built,
  };
  const made = await fixture.runtime.provision(spec);
  const run = async (command: string) =>
    await fixture.runtime.runStep(id, { uid: agentUid, step: `t${uid++}`, turn: 1, command, timeoutMs: 20_000 });
  return { id, built, lines, made, run };
}

async function refusal(wanted: Environment): Promise<string> {
  return await build(wanted).then(
    () => 'it was built',
    (error: unknown) => `${isDockerError(error) ? error.code : 'no code of ours'}: ${(error as Error).message}`,
  );
}

test('an image of Debian has its programs, users, variables and a setup script upon it', async () => {
  const image = await make(
    'team/debian:1',
    'FROM bellhop-base:bookworm\nRUN mkdir /opt/team && printf "#!/bin/sh\\necho team tool\\n" > /opt/team/tool && chmod 755 /opt/team/tool\nENV PATH=/opt/team:/tmp/bad://workspace/bin:/./tmp:/workspace/bad:/usr/local/bin:/usr/bin:/bin FLAVOUR=sweet\nHEALTHCHECK --interval=1s CMD sleep 100\nUSER nobody\nENTRYPOINT ["/bin/false"]',
  );
  const { run, made, built } = await sandboxOf(
    environment(image, { setup: 'id -u > /by; echo $COLOUR >> /by', variables: { COLOUR: 'blue' } }),
  );
  expect(made.created).toBe(true);
  const { output, exitCode } = await run(
    'tool; cat /by; whoami; echo $COLOUR $FLAVOUR; readlink /etc/ssl/certs/ca-certificates.crt; echo $PATH; touch /workspace/a && echo ok',
  );
  expect(output).toBe(
    'team tool\n0\nblue\nagent\nblue sweet\n/run/bellhop/ca.pem\n/workspace/.home/.local/bin:/workspace/.home/.local/gems/bin:/opt/team:/usr/local/bin:/usr/bin:/bin\nok\n',
  );
  expect(exitCode).toBe(0);
  const inspected = await fixture.engine.docker.getImage(built.image).inspect();
  expect(inspected.Config).toMatchObject({
    Entrypoint: ['/usr/local/lib/bellhop/entry'],
    Healthcheck: { Test: ['NONE'] },
  });
}, 120_000);

test('an image with a shell and nothing else will do, without bash and without users', async () => {
  const { run } = await sandboxOf(environment(await make('team/small:1', small())));
  const { output } = await run('whoami; echo $SHELL; id -u > /workspace/me && cat /workspace/me; ls -A /build 2>&1');
  expect(output).toMatch(/^agent\n\/bin\/sh\n\d+\nls: cannot access '\/build'/);
}, 120_000);

test('an image is pulled from its registry once; one that moved on the engine is another', async () => {
  const image = await make('team/pulled:1', small('COPY --from=debian /etc/debian_version /first'));
  await docker('push', '-q', image);
  await docker('rmi', image);
  const wanted = environment(image);
  const first = await build(wanted);
  expect(first.found).toMatchObject({ ready: false });
  expect(first.built).toMatchObject({ ready: true, missing: null });
  expect(first.lines).toContain(`bellhop: pulling the image ${image}`);
  await make('team/pulled:1', small('COPY --from=debian /etc/debian_version /second'));
  const second = await fixture.runtime.environmentImage(wanted);
  expect(second.missing).not.toBeNull();
  expect(second.image).not.toBe(first.built.image);
}, 120_000);

test.each([
  [
    'that the registry does not have',
    'team/none:1',
    /^ImagePullFailed: the engine has no image .*team\/none:1 and cannot pull it: .*(not found|unknown).*\nCorrect its name/,
  ],
])('an image %s is refused with the answer of the engine', async (_, name, words) => {
  expect(await refusal(environment(`${registry.address}/${name}`))).toMatch(words);
});

test('a registry that does not answer is named', async () => {
  expect(await refusal(environment('127.0.0.1:9/team/tools:1'))).toMatch(
    /^ImagePullFailed: the engine has no image 127\.0\.0\.1:9\/team\/tools:1 and cannot pull it: .*refused/,
  );
});

test.each([
  [
    'without a shell',
    () => `FROM scratch\nCOPY --from=${fixture.image} /usr/bin/jq /jq`,
    /^ImageUnsuitable: the image .* has no \/bin\/sh, and commands are run by it\. Add a shell/,
  ],
  [
    'with storage of its own',
    () => small('VOLUME /data'),
    /^ImageUnsuitable: the image .* declares VOLUME \/data, .*Build it without/,
  ],
  [
    'without a program that the build needs',
    () => small().replace(' /bin/ln ', ' '),
    /^ImageBuildFailed: .*the image has no ln: add coreutils or busybox to it/s,
  ],
])(
  'an image %s is refused in words',
  async (name, dockerfile, words) => {
    const image = await make(`team/${name.replaceAll(' ', '-')}:1`, dockerfile());
    expect(await refusal(environment(image))).toMatch(words);
  },
  60_000,
);

test('an image of another kind of machine is refused in words', async () => {
  const image = `${registry.address}/team/other:1`;
  await loadForeign(image);
  expect(await refusal(environment(image))).toMatch(
    /^ImageUnsuitable: the image .* is made for linux\/s390x, and this engine runs linux\//,
  );
});

test('packages of Debian upon an image without apt fail with words', async () => {
  const image = await make('team/no-apt:1', small('COPY --from=debian /etc/debian_version /third'));
  expect(await refusal(environment(image, { packages: ['tree'] }))).toMatch(
    /the image has no apt-get: install them in setup/,
  );
}, 60_000);
