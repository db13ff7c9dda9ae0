import { randomBytes } from 'node:crypto';
import { NAMESPACE } from '../../../contracts/search-attributes.ts';
import { checkExternalTemporal, namesExternalTemporal } from '../../../setup/temporal/external.ts';
import { connectUntil, inspectNamespace, provideNamespaceAt } from '../../../setup/temporal/namespace.ts';

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
