import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

const SCRIPT = path.join(import.meta.dirname, '../../../setup/with-dependencies.sh');

/** Stands in for npm: notes how it was called, and installs a Node that says its name. */
const NPM = `#!/bin/sh
echo "$*" >>"$CALLS"
[ -z "\${NPM_FAILS:-}" ] || { echo 'npm error network is down' >&2; exit 1; }
sleep "\${NPM_TAKES:-0}"
rm -rf node_modules && mkdir -p node_modules/node/bin node_modules/.bin
printf '#!/bin/sh\\necho "pinned node: $*"\\n' >node_modules/node/bin/node
chmod +x node_modules/node/bin/node
ln -s ../node/bin/node node_modules/.bin/node
`;

describe('setup/with-dependencies.sh', () => {
  let folder: TemporaryFolder;
  let calls: string;
  let checkout: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    calls = path.join(folder.path, 'calls');
    checkout = path.join(folder.path, 'a checkout');
    await mkdir(path.join(checkout, 'setup'), { recursive: true });
    await copyFile(SCRIPT, path.join(checkout, 'setup/with-dependencies.sh'));
    await writeFile(path.join(checkout, 'package-lock.json'), '{"version":1}');
    await program('npm', NPM);
    await symlink(process.execPath, path.join(folder.path, 'bin/node'));
  });
  afterEach(async () => {
    await folder[Symbol.asyncDispose]();
  });

  async function program(name: string, text: string): Promise<void> {
    const file = path.join(folder.path, 'bin', name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
    await chmod(file, 0o755);
  }

  async function run(extra: NodeJS.ProcessEnv = {}): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = { PATH: `${path.join(folder.path, 'bin')}:/usr/bin:/bin`, CALLS: calls, ...extra };
    const script = path.join(checkout, 'setup/with-dependencies.sh');
    return await promisify(execFile)(script, ['node', 'main.ts'], { env, cwd: '/' }).then(
      (done) => ({ code: 0, ...done }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  }

  const installs = async () => (await readFile(calls, 'utf8').catch(() => '')).split('\n').filter(Boolean);

  it('installs on a fresh clone with one line of words, then runs on the pinned Node', async () => {
    expect(await run()).toEqual({
      code: 0,
      stdout: 'pinned node: main.ts\n',
      stderr: 'bellhop: installing dependencies (once, about half a minute) … done\n',
    });
    expect(await installs()).toEqual([expect.stringMatching(/^ci /)]);
  });

  it('installs nothing the second time', async () => {
    await run();
    expect(await run()).toEqual({ code: 0, stdout: 'pinned node: main.ts\n', stderr: '' });
    expect(await installs()).toHaveLength(1);
  });

  it('installs again when package-lock.json has changed', async () => {
    await run();
    await writeFile(path.join(checkout, 'package-lock.json'), '{"version":2}');
    await run();
    expect(await installs()).toHaveLength(2);
  });

  it('installs once when two commands start at the same time on a fresh clone', async () => {
    const done = await Promise.all([run({ NPM_TAKES: '1' }), run({ NPM_TAKES: '1' })]);
    expect(done.map(({ code, stdout }) => [code, stdout])).toEqual(Array(2).fill([0, 'pinned node: main.ts\n']));
    expect(done.filter(({ stderr }) => stderr.includes('another command is installing dependencies'))).toHaveLength(1);
    expect(await installs()).toHaveLength(1);
  });

  it('shows what npm said when it fails, and tries again the next time', async () => {
    const failed = await run({ NPM_FAILS: '1' });
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('npm error network is down') });
    expect(await run()).toMatchObject({ code: 0 });
    expect(await installs()).toHaveLength(2);
  });

  it('says so when Node is too old to install with', async () => {
    await rm(path.join(folder.path, 'bin/node'));
    await program('node', '#!/bin/sh\necho 18\n');
    expect(await run()).toMatchObject({ code: 1, stderr: expect.stringContaining('Node.js 20 or newer is needed') });
    expect(await installs()).toEqual([]);
  });
});
