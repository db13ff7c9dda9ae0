import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LABELS } from '../../../docker/sandbox-names.ts';
import { createTestAuthority } from '../../integration/proxy/support/test-authority.ts';
import { freePort } from '../free-port.ts';
import { docker } from '../installation/containers.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { until } from '../until.ts';

/** A team's own registry of gems and of Composer's packages, behind a certificate of the team's own authority. */
export interface TeamRegistry extends AsyncDisposable {
  /** `https://host:port`. The name leads to 127.0.0.1. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** PEM file of its authority. */
  readonly authority: string;
  /** Names of the gems, without versions. */
  readonly gems: readonly string[];
}

const HOST = 'packages.acme.test';

/**
 * Starts one in a container of the sandbox image: what it serves are the gems and libraries of Debian's Ruby and Composer. RubyGems
 * itself packs and indexes them, and nothing of it is stored here.
 *
 * @param image the larger sandbox image
 */
export async function startTeamRegistry(image: string): Promise<TeamRegistry> {
  await using started = new AsyncDisposableStack();
  const folder = started.use(await temporaryFolder());
  const port = await freePort();
  const authority = await createTestAuthority('Team');
  const { cert, key } = await authority.issue(HOST);
  await chmod(folder.path, 0o755);
  await mkdir(path.join(folder.path, 'tls'));
  await writeFile(path.join(folder.path, 'tls/cert.pem'), cert);
  await writeFile(path.join(folder.path, 'tls/key.pem'), key);
  await writeFile(path.join(folder.path, 'authority.pem'), authority.pem);
  for (const file of ['make-gems.rb', 'make-composer.py', 'serve.py']) {
    await cp(path.join(import.meta.dirname, file), path.join(folder.path, file));
  }
  const url = `https://${HOST}:${port}`;
  const name = `bellhop-test-registry-${randomBytes(4).toString('hex')}`;
  const script = `cd /registry && ruby make-gems.rb && python3 make-composer.py ${url} && exec python3 serve.py ${port}`;
  const options = [
    '--name',
    name,
    '--network',
    'host',
    '--user',
    '0:0',
    '--label',
    `${LABELS.folder}=${folder.path}`,
    '-v',
    `${folder.path}:/registry`,
  ];
  await docker('run', '-d', ...options, '--entrypoint', '/bin/sh', image, '-ec', script);
  started.defer(() => docker('rm', '--force', name).then(() => undefined));
  await until(
    async () =>
      (await docker('exec', name, 'curl', '-ksS', '-o', '/dev/null', `https://127.0.0.1:${port}/`).catch(
        () => null,
      )) !== null,
    'the team registry',
    60_000,
  );
  const files = await readdir(path.join(folder.path, 'gems/gems'));
  const everything = started.move();
  return {
    url,
    host: HOST,
    port,
    authority: path.join(folder.path, 'authority.pem'),
    gems: files.map((file) => file.replace(/-[0-9.]+\.gem$/, '')),
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}
