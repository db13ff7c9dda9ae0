import path from 'node:path';
import { z } from 'zod';
import { writeAtomically } from '../../../setup/host/atomic-file.ts';
import type { GeneratedSecrets } from '../../../setup/host/generated-secrets.ts';
import { PORTS } from '../../../setup/host/port-wishes.ts';
import { choosePort } from '../../../setup/host/ports.ts';
import { inheritedBy } from '../environments.ts';
import { startOwn } from '../own-process.ts';
import type { UpContext } from '../up-context.ts';

const HOSTS = ['api.acme.test', 'docs.acme.test', 'paste.acme.test'];
const line = z.object({ port: z.number(), ca: z.string() });

/**
 * The demo's outside world. Returns the operator's file that lets the proxy find it: names that no resolver knows, the one loopback
 * port that rules may open, and its certificate authority. Undefined beside a real Slack, where there is no demo.
 */
export async function startWorld(context: UpContext, secrets: GeneratedSecrets): Promise<string | undefined> {
  const { environment, home, settings, journal, page } = context;
  return await journal.step<string | undefined>('world', async () => {
    if (settings.slack) return { detail: 'the real one', value: undefined };
    const chosen = await choosePort(PORTS.world, environment);
    const env = {
      ...inheritedBy('local', environment),
      ACME_DIR: path.join(home.folder, 'acme'),
      ACME_TOKEN: secrets.acmeToken,
      ACME_CONTROL_TOKEN: secrets.acmeControlToken,
      ACME_PORT: String(chosen.port),
    };
    const ready = await startOwn(context, { name: 'acme', script: 'simulators/acme/main.ts', env });
    const { port, ca } = line.parse(ready);
    await page.add({
      ACME_URL: `https://127.0.0.1:${port}`,
      ACME_CA: ca,
      ACME_CONTROL_TOKEN: secrets.acmeControlToken,
    });
    const operatorFile = path.join(home.folder, 'demo-operator.yaml');
    await writeAtomically(operatorFile, operatorText(port, ca));
    return { detail: `simulated: ${HOSTS.join(', ')} on port ${port}, with real TLS`, value: operatorFile };
  });
}

function operatorText(port: number, ca: string): string {
  return [
    "# Written by `bellhop up` for the demo's outside world, which is simulated on this machine.",
    'hosts:',
    ...HOSTS.map((host) => `  ${host}: "127.0.0.1:${port}"`),
    'ceilings:',
    `  - { range: 127.0.0.1/32, ports: [${port}] }`,
    `ca-bundles: [${JSON.stringify(ca)}]`,
    '',
  ].join('\n');
}
