import { createHash } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { writeAtomically } from '../../../setup/host/atomic-file.ts';
import type { GeneratedSecrets } from '../../../setup/host/generated-secrets.ts';
import { PORTS } from '../../../setup/host/port-wishes.ts';
import { readJson } from '../../../setup/host/read-json.ts';
import { newPassword } from '../../../setup/host/secrets.ts';
import { inheritedBy } from '../environments.ts';
import { startOwn } from '../own-process.ts';
import { joined } from '../remarks.ts';
import type { UpContext } from '../up-context.ts';

const HOSTS = ['api.acme.test', 'docs.acme.test', 'paste.acme.test', 'git.acme.test', 'tools.acme.test'];
const line = z.object({ port: z.number(), ca: z.string() });
const remembered = z.object({ port: z.number(), tokenSha256: z.string() });

/** The demo's outside world, for the proxy and the access file. */
export interface World {
  /**
   * Path of the file that the operator of a machine writes by hand elsewhere: names that no resolver knows, the one loopback port
   * that rules may open, and a certificate authority.
   */
  readonly operatorFile: string;
  readonly port: number;
  /**
   * The credential of the demo's service account, if it was made at this start. The first access file seals it, and nobody else keeps
   * it. The outside world itself has only its hash.
   */
  readonly token: string | undefined;
}

export interface WorldOptions {
  readonly secrets: GeneratedSecrets;
  /** Whether an access file is in force. Then the credential is sealed already, and nobody can read it back. */
  readonly sealed: boolean;
}

/** Starts the outside world that the demo talks to. Undefined beside a real Slack, where there is no demo. */
export async function startWorld(context: UpContext, { secrets, sealed }: WorldOptions): Promise<World | undefined> {
  const { environment, home, settings, journal, page } = context;
  return await journal.step<World | undefined>('world', async () => {
    if (settings.slack) return { detail: 'the real one', value: undefined };
    const folder = path.join(home.folder, 'acme');
    const file = path.join(folder, 'remembered.json');
    const known = await readJson(file, remembered);
    // The access file in force names a port, so the one of the first start is kept as long as it is free.
    const chosen = await context.ports.choose({ ...PORTS.world, usual: known?.port ?? PORTS.world.usual });
    const token = sealed ? undefined : newPassword();
    const tokenSha256 = !token && known ? known.tokenSha256 : sha256Of(token ?? newPassword());
    const env = {
      ...inheritedBy('local', environment),
      ACME_DIR: folder,
      ACME_TOKEN_SHA256: tokenSha256,
      ACME_CONTROL_TOKEN: secrets.acmeControlToken,
      ACME_PORT: String(chosen.port),
    };
    const ready = await startOwn(context, { name: 'acme', script: 'simulators/acme/main.ts', env });
    const { port, ca } = line.parse(ready);
    await writeAtomically(file, JSON.stringify({ port, tokenSha256 }));
    const url = `https://127.0.0.1:${port}`;
    await page.add({ ACME_URL: url, ACME_CA: ca, ACME_CONTROL_TOKEN: secrets.acmeControlToken });
    const operatorFile = path.join(home.folder, 'demo-operator.yaml');
    await writeAtomically(operatorFile, operatorText(port, ca));
    return {
      detail: joined(`simulated on port ${port}, with real TLS`, chosen.brief),
      more: joined(HOSTS.join(', '), chosen.remark),
      value: { operatorFile, port, token },
    };
  });
}

function sha256Of(token: string): string {
  return createHash('sha256').update(token).digest('hex');
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
