import { describeHolder, isFree } from '../host/ports.ts';
import type { Finding } from './finding.ts';

/** Each port that `bellhop up` takes, whether it is free, and who has it. */
export async function checkPorts(
  ports: readonly { readonly variable: string; readonly usual: number }[],
  environment: NodeJS.ProcessEnv,
): Promise<Finding> {
  const taken: string[] = [];
  let blocked = false;
  for (const { variable, usual } of ports) {
    const port = Number(environment[variable] || usual);
    if (port === 0 || (await isFree(port))) continue;
    taken.push(`${port} (${variable}) by ${await describeHolder(port)}`);
    blocked ||= Boolean(environment[variable]);
  }
  const finding = { id: 'ports', title: 'Ports' } as const;
  const all = ports.map(({ variable, usual }) => environment[variable] || usual).join(', ');
  if (taken.length === 0) return { ...finding, state: 'ok', detail: `${all}: free` };
  const detail = `taken: ${taken.join('; ')}`;
  if (!blocked) return { ...finding, state: 'warn', detail, fix: 'nothing: other ports are taken instead' };
  return { ...finding, state: 'missing', detail, fix: 'stop what has them, or set the named variables' };
}
