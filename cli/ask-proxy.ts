import path from 'node:path';
import type { KnownCeilings } from '../access/ceilings.ts';
import { createProxyControl } from '../proxy/control-client.ts';
import type { CliContext } from './context.ts';

/** The socket of this machine's proxy. */
export function controlSocketOf({ home }: CliContext): string {
  return process.env.BELLHOP_PROXY_CONTROL || path.join(home.installation.runFolder, 'proxy.sock');
}

/** What the operator of the proxy's machine lets rules open. Null when the proxy cannot be asked. */
export async function askCeilings(context: CliContext): Promise<KnownCeilings> {
  const control = createProxyControl({ socketPath: controlSocketOf(context) });
  try {
    return (await control.health()).ceilings;
  } catch {
    return null;
  } finally {
    await control.close();
  }
}
