import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { keyFileIn, readKeyFile, writeKeyFile } from '../../credentials/key-file.ts';
import { installationKey, listCredentials } from '../../store/credentials.ts';
import { currentPolicy } from '../../store/policy.ts';
import { columns } from '../columns.ts';
import { type CliContext, openCliContext } from '../context.ts';

export function register(program: Command): void {
  const keys = program.command('keys').description("the installation's key, and what is sealed with it");
  keys
    .command('show')
    .description('the public key and the stored credentials; nothing here is secret')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: boolean }) => {
      await using context = await openCliContext();
      const key = await installationKey(context.database);
      const { connections } = await currentPolicy(context.database);
      const credentials = (await listCredentials(context.database)).map((each) => ({
        ...each,
        inUse: connections.some(
          ({ id, credentialVersion }) => id === each.connection && credentialVersion === each.version,
        ),
      }));
      if (options.json) console.log(JSON.stringify({ key, credentials }, null, 2));
      else console.log(keysText(key?.keyId ?? null, key?.publicKey ?? null, credentials));
    });
  keys
    .command('export')
    .description("copy this machine's key file, for a further runner; whoever has it can open every credential")
    .argument('<file>', 'where to, a new file')
    .action(async (file: string) => {
      await using context = await openCliContext();
      const pair = await readKeyFile(keyFileOf(context));
      await writeKeyFile(file, pair);
      console.log(`Key ${pair.publicKey.id} is in ${file}. Bring it over a safe way, import it there, and delete it.`);
    });
  keys
    .command('import')
    .description("put an exported key file in this machine's place for it")
    .argument('<file>', 'a file that `bellhop keys export` wrote')
    .action(async (file: string) => {
      await using context = await openCliContext();
      const pair = await readKeyFile(file);
      const installed = await installationKey(context.database);
      if (installed && installed.keyId !== pair.publicKey.id) {
        throw new Error(`${file} has key ${pair.publicKey.id}, but this installation's is ${installed.keyId}`);
      }
      await mkdir(path.dirname(keyFileOf(context)), { recursive: true, mode: 0o700 });
      await writeKeyFile(keyFileOf(context), pair);
      console.log(`Key ${pair.publicKey.id} is in place. You can delete ${file}.`);
    });
}

function keyFileOf({ home }: CliContext): string {
  return process.env.BELLHOP_KEY_FILE || keyFileIn(home.folder);
}

function keysText(
  keyId: string | null,
  publicKey: string | null,
  credentials: readonly {
    connection: string;
    version: number;
    keyId: string;
    createdAt: Date;
    inUse: boolean;
  }[],
): string {
  if (keyId === null) return 'This installation has no key yet: `bellhop up` makes it at the first start.';
  const rows = credentials.map(({ connection, version, keyId: sealedFor, createdAt, inUse }) => [
    connection,
    `version ${version}`,
    `sealed ${createdAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    [inUse ? '' : 'not in use any more', sealedFor === keyId ? '' : `for another key, ${sealedFor}`]
      .filter((note) => note !== '')
      .join(', '),
  ]);
  const list = rows.length === 0 ? 'No credential is stored.' : `Stored credentials:\n${columns(rows, '  ')}`;
  return `Key ${keyId}\nPublic key ${publicKey}\n\n${list}`;
}
