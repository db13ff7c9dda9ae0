import { execFile } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const TOTAL = `def total(prices, discount=0.0):
    """Sum of the prices in cents, less the discount (0.25 is a quarter off)."""
    return round(sum(prices) * (1 - discount / 100))
`;

const DEPLOY_TEST = `import unittest

from total import total


class DeployTest(unittest.TestCase):
    def test_prices_add_up(self):
        self.assertEqual(total([100, 250]), 350)

    def test_a_quarter_off(self):
        self.assertEqual(total([100, 300], discount=0.25), 300)


if __name__ == "__main__":
    unittest.main()
`;

const README = `# shop

What Acme's shop charges. Before each deploy: \`python3 deploy_test.py\`.
`;

/** Files of `acme/shop` as it is at first: one of its deploy tests fails, because the discount is divided by a hundred. */
const FILES = { 'README.md': README, 'deploy_test.py': DEPLOY_TEST, 'total.py': TOTAL } as const;

/**
 * Makes the bare repository `acme/shop.git` below `root` when it is missing. What was pushed to it stays over restarts.
 * @throws Error when git is not installed
 */
export async function seedRepository(root: string): Promise<void> {
  const folder = path.join(root, 'acme', 'shop.git');
  if (await stat(path.join(folder, 'HEAD')).catch(() => null)) return;
  await mkdir(path.dirname(folder), { recursive: true });
  await git(['init', '--quiet', '--bare', '--initial-branch=main', folder]);
  await git(['-C', folder, 'config', 'http.receivepack', 'true']);
  const importing = git(['-C', folder, 'fast-import', '--quiet']);
  importing.child.stdin?.end(importText());
  await importing;
}

/** One commit on `main`, in the language of git-fast-import(1). */
function importText(): string {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const files = Object.entries(FILES).map(([name, text]) => `M 100644 inline ${name}\n${data(text)}`);
  const who = 'Acme <shop@acme.test> 1767258000 +0000';
  return `commit refs/heads/main\ncommitter ${who}\n${data('What the shop charges')}${files.join('')}\n`;
}

function git(args: readonly string[]) {
  return run('git', [...args], {
    env: { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' },
  });
}
