import { randomBytes } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { NAMESPACE } from '../../../contracts/search-attributes.ts';
import { findTemporalBinary, TEMPORAL_CLI } from '../../../setup/temporal/binary.ts';
import { checkExternalTemporal, namesExternalTemporal } from '../../../setup/temporal/external.ts';
import { connectUntil, inspectNamespace, provideNamespaceAt } from '../../../setup/temporal/namespace.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function fakeBinary(file: string, says: string): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho '${says}'\n`);
  await chmod(file, 0o755);
  return file;
}

describe('where the Temporal CLI comes from', () => {
  it('is the PATH before the cache', async () => {
    await using folder = await temporaryFolder();
    const onPath = await fakeBinary(
      path.join(folder.path, 'bin/temporal'),
      'temporal version 1.8.3 (Server 1.31.2, UI 2.50.0)',
    );
    await fakeBinary(path.join(folder.path, 'bellhop/temporal', TEMPORAL_CLI, 'temporal'), 'temporal version 9.9.9');
    const environment = { PATH: `${folder.path}/bin:/bin:/usr/bin`, XDG_CACHE_HOME: folder.path };
    expect(await findTemporalBinary(environment, () => {})).toEqual({
      path: onPath,
      origin: '`temporal` on the PATH, version 1.8.3',
    });
  });

  it('falls through to the cache, saying why', async () => {
    await using folder = await temporaryFolder();
    await fakeBinary(path.join(folder.path, 'bin/temporal'), 'not what it seems');
    const cached = await fakeBinary(
      path.join(folder.path, 'bellhop/temporal', TEMPORAL_CLI, 'temporal'),
      `temporal version ${TEMPORAL_CLI} (Server 1.32.0, UI 2.54.1)`,
    );
    const said: string[] = [];
    const environment = { PATH: `${folder.path}/bin:/bin:/usr/bin`, XDG_CACHE_HOME: folder.path };
    const found = await findTemporalBinary(environment, (detail) => said.push(detail));
    expect(found.path).toBe(cached);
    expect(said).toEqual([
      'trying `temporal` on the PATH',
      expect.stringMatching(/`temporal` on the PATH: .* says: not what it seems/),
      `trying the cached binary ${cached}`,
    ]);
  });
});

describe('a Temporal server', () => {
  const address = process.env.BELLHOP_TEST_TEMPORAL_ADDRESS ?? '';

  it('of our own gets namespace, retention and search attributes', async () => {
    expect(await provideNamespaceAt(address, AbortSignal.timeout(10_000))).toBe(
      'namespace bellhop, history kept 30 days',
    );
    const connection = await connectUntil({ address }, AbortSignal.timeout(10_000));
    expect(await inspectNamespace(connection, NAMESPACE)).toEqual({
      exists: true,
      retentionHours: 720,
      missingAttributes: [],
    });
    await connection.close();
  });

  it('of someone else is taken when it lacks nothing', async () => {
    expect(await checkExternalTemporal({ TEMPORAL_ADDRESS: address })).toMatchObject({ address, namespace: NAMESPACE });
  });

  it('of someone else is refused with the commands that add what it lacks', async () => {
    const namespace = `missing-${randomBytes(4).toString('hex')}`;
    await expect(
      checkExternalTemporal({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace }),
    ).rejects.toMatchObject({
      code: 'temporal-lacks',
      message: `Temporal at ${address} lacks the namespace (namespace ${namespace})`,
      fix: expect.stringContaining(
        `temporal operator namespace create --retention 720h --namespace ${namespace} --address ${address}`,
      ),
    });
  });

  it('that does not answer is named', async () => {
    const checking = checkExternalTemporal({ TEMPORAL_ADDRESS: '127.0.0.1:1' });
    await expect(checking).rejects.toThrow('Temporal at 127.0.0.1:1 does not answer');
  });

  it('is someone else’s only when the environment says so', () => {
    expect(namesExternalTemporal({})).toBe(false);
    expect(namesExternalTemporal({ TEMPORAL_ADDRESS: 'x:7233' })).toBe(true);
    expect(namesExternalTemporal({ TEMPORAL_PROFILE: 'prod' })).toBe(true);
  });
});
