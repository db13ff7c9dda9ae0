import { readFile } from 'node:fs/promises';
import { ensureSandboxImage, hasSandboxImage } from '../../../docker/sandbox-image.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

test('asking for the image again costs nothing and builds nothing', async () => {
  const said: string[] = [];
  const again = await ensureSandboxImage({ engine: fixture.engine, onProgress: ({ words }) => said.push(words) });
  expect(again).toEqual({ name: fixture.image, built: false });
  expect(said).toEqual([]);
  expect(await hasSandboxImage(fixture.engine)).toBe(true);
});

test.each([
  ['git', 'git --version', /^git version 2/],
  ['curl', 'curl --version', /^curl 7|^curl 8/],
  ['python', 'python3 --version', /^Python 3\.1/],
  ['pip', 'pip --version', /^pip /],
  [
    'matplotlib',
    'python3 -c "import matplotlib.pyplot as p; p.plot([1]); p.savefig(\'/tmp/a.png\')"; file -b --mime-type /tmp/a.png',
    /^image\/png/,
  ],
  ['virtual environments', 'python3 -m venv /tmp/v && /tmp/v/bin/pip --version', /^pip /],
  ['Node', 'node --version', /^v24\./],
  ['npm', 'npm --version', /^11\./],
  ['jq', 'echo "[1]" | jq .[0]', /^1\n/],
  ['ripgrep', 'rg --version', /^ripgrep/],
  [
    'a compiler',
    'echo "int main(){return 0;}" > /tmp/a.c && gcc /tmp/a.c -o /tmp/a && /tmp/a && make --version',
    /^GNU Make/,
  ],
  ['a user with a name', 'whoami; cd ~ && pwd', /^agent\n\/workspace\/.home\n/],
  ['commits', 'git init -q . && touch a && git add a && git commit -qm first && git log --oneline', / first\n/],
])('it has %s', async (_name, command, expected) => {
  const result = await sandbox.run(command, { timeoutMs: 60_000 });
  expect(result.output).toMatch(expected);
  expect(result.exitCode).toBe(0);
});

test('nothing of the machine that built it is in it: no mirror, no certificates, no cache', async () => {
  const { output } = await sandbox.run(
    'grep -rhE "^[^#]" /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d 2>/dev/null | grep -iE "http|proxy|CaInfo"; ls -A /build /var/lib/apt/lists 2>&1; readlink /etc/ssl/certs/ca-certificates.crt',
  );
  expect(output).toBe(
    "ls: cannot access '/build': No such file or directory\n/var/lib/apt/lists:\n/run/bellhop/ca.pem\n",
  );
  const history = JSON.stringify(await fixture.engine.docker.getImage(fixture.image).history());
  const own = await readFile('/etc/apt/sources.list', 'utf8').catch(() => '');
  for (const [uri] of own.matchAll(/https?:\/\/[^\s]+/g)) expect(history).not.toContain(uri);
});
