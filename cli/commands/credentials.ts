import os from 'node:os';
import type { Command } from 'commander';
import { spansLines } from '../../credentials/secret-text.ts';
import { listCredentials } from '../../store/credentials.ts';
import { currentPolicy } from '../../store/policy.ts';
import { askOnTerminal } from '../ask-on-terminal.ts';
import { type CliContext, openCliContext } from '../context.ts';
import {
  type Changed,
  connectionNamed,
  enterCredential,
  putBack,
  revokeCredential,
} from '../credentials/change-credential.ts';
import { credentialsText } from '../credentials/credentials-text.ts';
import { duration } from '../credentials/duration.ts';
import { readHidden } from '../read-hidden.ts';

interface RotateOptions {
  readonly overlap: number;
  readonly back?: boolean;
}

/**
 * `bellhop credentials`: lists, sets, rotates and revokes secrets. A secret is typed or comes from a pipe, never from an
 * argument.
 */
export function register(program: Command): void {
  const credentials = program
    .command('credentials')
    .description('enter, rotate and revoke the secrets of connections; no secret is ever shown');
  credentials
    .command('list')
    .description('which credentials are stored, since when, and until when they are good')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: boolean }) => {
      await using context = await openCliContext();
      const { connections } = await currentPolicy(context.database);
      const stored = await listCredentials(context.database);
      console.log(options.json ? JSON.stringify(stored, null, 2) : credentialsText(connections, stored, new Date()));
    });
  credentials
    .command('set')
    .description('enter the secret of a connection: asked for without showing it, or read from a pipe')
    .argument('<connection>', 'a connection of the access file that is in force')
    .action(async (connection: string) => {
      await using context = await openCliContext();
      const secret = await secretFor(context, connection);
      const entered = { connection, secret, overlapMs: null, now: new Date(), appliedBy: operator() };
      console.log(changedText(await enterCredential(context.database, entered)));
    });
  credentials
    .command('rotate')
    .description('replace the secret of a connection; the one before can be put back for a while')
    .argument('<connection>', 'a connection of the access file that is in force')
    .option(
      '--overlap <time>',
      'how long it can be put back, and running requests may go on with it',
      duration,
      600_000,
    )
    .option('--back', 'put the secret before the last rotation back')
    .action(async (connection: string, { overlap, back }: RotateOptions) => {
      await using context = await openCliContext();
      const change = { connection, now: new Date(), appliedBy: operator() };
      if (back) return console.log(changedText(await putBack(context.database, change)));
      const secret = await secretFor(context, connection);
      console.log(changedText(await enterCredential(context.database, { ...change, secret, overlapMs: overlap })));
    });
  credentials
    .command('revoke')
    .description('delete the secret of a connection; its use ends within a second, on open connections too')
    .argument('<connection>', 'a connection of the access file that is in force')
    .option('-y, --yes', 'do not ask')
    .action(async (connection: string, options: { yes?: boolean }) => {
      await using context = await openCliContext();
      connectionNamed(await currentPolicy(context.database), connection);
      const question = `Delete the credential of ${connection}? Requests that use it are broken off.`;
      if (options.yes !== true && !(await askOnTerminal(question))) return console.log('Nothing was changed.');
      const { policyVersion } = await revokeCredential(context.database, { connection, appliedBy: operator() });
      console.log(
        `Revoked the credential of ${connection}, as policy ${policyVersion}. Requests of ${connection} fail until another is set.\n` +
          'Revoke it at the service too, because a copy of it can still be used. If bellhop.yaml names a source for it, an\n' +
          'apply that can read the source stores it again.',
      );
    });
}

async function secretFor({ database }: CliContext, name: string): Promise<string> {
  const { id, credential } = connectionNamed(await currentPolicy(database), name);
  return readHidden({ question: `Secret of ${id} (${credential.kind})`, lines: spansLines(credential) });
}

function changedText({ connection, policyVersion, credentialVersion, until, expiresAt }: Changed): string {
  return [
    `Version ${credentialVersion} of the credential of ${connection} is in use, as policy ${policyVersion}.`,
    ...(until === null
      ? []
      : [`The one before can be put back until ${until}: ./bellhop credentials rotate ${connection} --back`]),
    ...(expiresAt === null ? [] : [`It ends by itself at ${expiresAt.toISOString()}.`]),
  ].join('\n');
}

function operator(): string {
  return `${os.userInfo().username}@${os.hostname()}`;
}
