import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { columns } from '../../access/columns.ts';
import { keyFileIn, modelKeyFileIn, readKeyFile, writeKeyFile } from '../../credentials/key-file.ts';
import { type InstallationKey, installationKey, listCredentials, namedVersions } from '../../store/credentials.ts';
import { installationModelKey } from '../../store/model-keys.ts';
import { currentPolicy } from '../../store/policy.ts';
import { type CliContext, openCliContext } from '../context.ts';

/**
 * `bellhop keys`: shows the public keys, and copies a key file to another machine. An exported file opens every credential
 * sealed with it.
 */
export function register(program: Command): void {
  const keys = program.command('keys').description("the installation's key, and what is sealed with it");
  keys
    .command('show')
    .description('the public key and the stored credentials; nothing here is secret')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: boolean }) => {
      await using context = await openCliContext();
      const key = await installationKey(context.database);
      const modelKey = await installationModelKey(context.database);
      const named = namedVersions(await currentPolicy(context.database));
      const credentials = (await listCredentials(context.database)).map((each) => ({
        ...each,
        inUse: named.some(([id, version]) => id === each.connection && version === each.version),
      }));
      if (options.json) console.log(JSON.stringify({ key, modelKey, credentials }, null, 2));
      else console.log(keysText({ key, modelKey }, credentials));
    });
  keys
    .command('export')
    .description("copy this machine's key file, for a further runner; whoever has it can open every credential")
    .argument('<file>', 'where to, a new file')
    .option('--models', "the agent worker's key file, for a further agent worker; it opens keys of models only")
    .action(async (file: string, { models }: { models?: boolean }) => {
      await using context = await openCliContext();
      const pair = await readKeyFile(models ? modelKeyFileOf(context) : keyFileOf(context));
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
      const isForModels = (await installationModelKey(context.database))?.keyId === pair.publicKey.id;
      if (installed && installed.keyId !== pair.publicKey.id && !isForModels) {
        throw new Error(`${file} has key ${pair.publicKey.id}, but this installation's is ${installed.keyId}`);
      }
      const place = isForModels ? modelKeyFileOf(context) : keyFileOf(context);
      await mkdir(path.dirname(place), { recursive: true, mode: 0o700 });
      await writeKeyFile(place, pair);
      console.log(`Key ${pair.publicKey.id} is in place. You can delete ${file}.`);
    });
}

function keyFileOf({ home }: CliContext): string {
  return process.env.BELLHOP_KEY_FILE || keyFileIn(home.folder);
}

function modelKeyFileOf({ home }: CliContext): string {
  return process.env.BELLHOP_MODEL_KEY_FILE || modelKeyFileIn(home.folder);
}

function keysText(
  { key, modelKey }: { readonly key: InstallationKey | null; readonly modelKey: InstallationKey | null },
  credentials: readonly {
    connection: string;
    version: number;
    keyId: string;
    createdAt: Date;
    inUse: boolean;
  }[],
): string {
  if (key === null) return 'This installation has no key yet: `bellhop up` makes it at the first start.';
  const own = [key.keyId, ...(modelKey ? [modelKey.keyId] : [])];
  const rows = credentials.map(({ connection, version, keyId: sealedFor, createdAt, inUse }) => [
    connection,
    `version ${version}`,
    `sealed ${createdAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    [inUse ? '' : 'not in use any more', own.includes(sealedFor) ? '' : `for another key, ${sealedFor}`]
      .filter((note) => note !== '')
      .join(', '),
  ]);
  const list = rows.length === 0 ? 'No credential is stored.' : `Stored credentials:\n${columns(rows, '  ')}`;
  const models = modelKey ? `Key for models ${modelKey.keyId}\nPublic key ${modelKey.publicKey}\n` : '';
  return `Key ${key.keyId}\nPublic key ${key.publicKey}\n${models}\n${list}`;
}
