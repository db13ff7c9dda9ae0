import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestSandbox } from '../fixture.ts';

const IMAGE = join(import.meta.dirname, '../../../../docker/image');

/** Notes in the workspace that it ran, if a user other than the agent runs it. As a program and as a library. */
const PLANT = `
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void note(void) {
  char path[64];
  if (getuid() == AGENT) return;
  snprintf(path, sizeof path, "/workspace/ran-as-%d", (int)getuid());
  close(open(path, O_CREAT | O_WRONLY, 0644));
}
#ifdef LIBRARY
__attribute__((constructor)) static void loaded(void) { note(); }
#else
int main(void) { note(); }
#endif
`;

/**
 * Puts the plant under every given name into every folder that the agent can write, and into folders that it makes
 * there. Prints how many it made. Files that a program only reads get the name of a script that runs the plant.
 */
const SPREAD = `
import json, os, shutil
wanted = json.load(open('/workspace/wanted.json'))
folders = {'/workspace/.home/.local/bin', '/workspace/.home/.local/gems/bin', '/workspace/.home/bin', '/workspace/bin', '/workspace/lib', '/tmp/bin', '/tmp/lib'}
for top, below, _ in os.walk('/'):
    if top in ('/proc', '/sys'):
        below[:] = []
    elif os.access(top, os.W_OK):
        folders.add(top)
made = 0
for folder in folders:
    os.makedirs(folder, exist_ok=True)
    while os.stat(folder).st_uid == os.getuid():
        os.chmod(folder, 0o755)
        folder = os.path.dirname(folder)
for folder in sorted(folders):
    for kind, source in (('programs', 'plant'), ('libraries', 'plant.so'), ('texts', 'plant.sh')):
        first = os.path.join(folder, '.' + source)
        try:
            shutil.copy('/workspace/' + source, first)
            os.chmod(first, 0o755)
        except OSError:
            continue
        for name in wanted[kind]:
            try:
                os.link(first, os.path.join(folder, name))
                made += 1
            except OSError:
                pass
print(made)
`;

/** The agent's own programs would come first: what it plants must not get into the way of its planting. */
export const PLAIN = 'export PATH=/usr/local/bin:/usr/bin:/bin';

/** Read by a shell, an interpreter or a tool in its home or its working folder. */
const TEXTS = [
  ...['.profile', '.bashrc', '.bash_profile', '.bash_login', '.bash_logout', '.shinit', '.env', '.inputrc'],
  ...['sitecustomize.py', 'usercustomize.py', 'encodings.py', 'os.py', 'haproxy.cfg', '.haproxyrc', '.noderc'],
];

/**
 * Every name under which something of the image could be looked for: all programs and libraries of the image, and every
 * word of its own scripts and sources, so that a call which is added later is covered by itself.
 */
async function namesIn(sandbox: TestSandbox) {
  const list = `${PLAIN}; find /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin /bin/ /sbin/ -maxdepth 1 -printf "%f\\n"`;
  const libraries = `${PLAIN}; find /usr/lib /usr/local/lib -name "*.so*" -not -path "*/python3*" -printf "%f\\n"`;
  const lines = async (command: string) => (await sandbox.run(command)).output.split('\n').filter(Boolean);
  const entries = await readdir(IMAGE, { recursive: true, withFileTypes: true });
  const texts = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const words = await Promise.all(
    texts.map(async (path) => (await readFile(path, 'utf8')).match(/[\w.][\w.+-]{0,60}/g) ?? []),
  );
  const programs = new Set([...(await lines(list)), ...words.flat()]);
  return { programs: [...programs], libraries: [...new Set(await lines(libraries))], texts: TEXTS };
}

/** Lets the agent plant what it can. Returns how many files it made. */
export async function plantEverywhere(
  sandbox: TestSandbox,
  write: (path: string, content: string) => Promise<unknown>,
): Promise<number> {
  await write('plant.c', PLANT);
  await write('spread.py', SPREAD);
  await write('plant.sh', '/workspace/plant\n');
  await write('wanted.json', JSON.stringify(await namesIn(sandbox)));
  const as = `-DAGENT=${sandbox.uid}`;
  const build = `gcc -static -o plant ${as} plant.c && gcc -shared -fPIC -DLIBRARY -o plant.so ${as} plant.c`;
  // A repository whose settings start the plant when anybody asks for its state.
  const repository = 'git init -q . && git config core.fsmonitor /workspace/plant';
  const { output, exitCode } = await sandbox.run(`${PLAIN}; ${build} && ${repository} && python3 -I spread.py`, {
    timeoutMs: 120_000,
  });
  if (exitCode !== 0) throw new Error(`nothing was planted: ${output}`);
  return Number(output);
}
