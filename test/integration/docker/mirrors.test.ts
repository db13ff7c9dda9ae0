import type { RegistryMirrors } from '../../../contracts/registries.ts';
import { publicHost } from '../../../contracts/registry-hosts.ts';
import { createSandboxRuntime } from '../../../docker/sandbox-runtime.ts';
import { createFixture, type Fixture } from './fixture.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
}, 900_000);
afterAll(async () => await fixture?.[Symbol.asyncDispose](), 60_000);

const at = (url: string) => ({ url, also: [], addresses: [] });
const ALL: RegistryMirrors = {
  npm: at('https://npm.corp.test/npm/'),
  pypi: at('https://pip.corp.test/simple'),
  crates: at('https://crates.corp.test/index'),
  go: at('https://go.corp.test/'),
  maven: at('https://maven.corp.test/maven2?a&b'),
  rubygems: at('https://gems.corp.test/'),
};

async function says(mirrors: RegistryMirrors, id: string, command: string): Promise<string> {
  const { engine, installation, runDir, image } = fixture;
  const runtime = createSandboxRuntime({ engine, installation, runDir, image, mirrors });
  const agentUid = 77_000_001;
  await runtime.provision({ id, session: `slack:T1:C1:${id}`, runner: 'r1', agentUid, caBundle: 'none\n' });
  const step = { uid: agentUid, step: `t/${id}`, turn: 1, command, timeoutMs: 60_000 };
  return (await runtime.runStep(id, step)).output;
}

test('each client in a sandbox is told of the mirror of its registry', async () => {
  const command = `npm config get registry; pip config list; env | grep -E '^(GOPROXY|UV_|YARN_|BUNDLE_)' | sort
    cat /.cargo/config.toml /run/bellhop/maven.xml $GEMRC`;
  expect(await says(ALL, 'told', command)).toBe(`https://npm.corp.test/npm/
:env:.cert='/run/bellhop/ca.pem'
:env:.disable-pip-version-check='1'
:env:.index-url='https://pip.corp.test/simple'
:env:.root-user-action='ignore'
BUNDLE_MIRROR__ALL=https://gems.corp.test/
GOPROXY=https://go.corp.test
UV_DEFAULT_INDEX=https://pip.corp.test/simple
UV_NATIVE_TLS=1
YARN_ENABLE_TELEMETRY=0
YARN_HTTPS_CA_FILE_PATH=/run/bellhop/ca.pem
YARN_HTTPS_PROXY=http://127.0.0.1:3128
YARN_HTTP_PROXY=http://127.0.0.1:3128
YARN_NPM_REGISTRY_SERVER=https://npm.corp.test/npm
YARN_REGISTRY=https://npm.corp.test/npm/
[source.crates-io]
replace-with = "mirror"

[source.mirror]
registry = "sparse+https://crates.corp.test/index/"
<settings><mirrors><mirror><id>mirror</id><mirrorOf>*</mirrorOf><url>https://maven.corp.test/maven2?a&amp;b</url></mirror></mirrors></settings>
---
:sources:
- "https://gems.corp.test/"
`);
}, 60_000);

test('without mirrors, nothing is set, and files of an earlier mirror are gone', async () => {
  await says(ALL, 'gone', 'true');
  await fixture.runtime.remove('gone');
  const command =
    'npm config get registry; env | grep -cE "^(GOPROXY|UV_DEFAULT|PIP_INDEX)"; ls /.cargo/config.toml; cat /.cargo/config.toml /run/bellhop/maven.xml';
  const said = await says({}, 'gone', command);
  expect(said).toContain(`https://${publicHost('npm')}/\n0\n/.cargo/config.toml\n`);
  expect(said.match(/No such file/g)).toHaveLength(2);
}, 60_000);
