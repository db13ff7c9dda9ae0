import { sandboxError, statusOf } from './errors.ts';
import type { SandboxContext } from './sandbox-context.ts';
import { sandboxName } from './sandbox-names.ts';

/** Emptying takes about half a second for a thousand nested folders. */
const EMPTY_MS = 5 * 60_000;

/**
 * Deletes the files of a session. Refused while a container uses them; one that is gone is fine. The engine takes a file descriptor for
 * each level of folders and gives up where there are more than it may have; such a workspace is emptied by a program that does not.
 */
export async function removeWorkspace(context: SandboxContext, id: string): Promise<void> {
  const volume = context.engine.docker.getVolume(sandboxName(context.installation, id));
  try {
    await volume.remove().catch(async (error: unknown) => {
      if (statusOf(error) !== 500) throw error;
      await emptyWorkspace(context, id, error);
      await volume.remove();
    });
  } catch (error) {
    if (statusOf(error) !== 404) throw sandboxError('remove the workspace', id, error);
  }
}

/** @param failure thrown where there is no image of ours to do it with */
async function emptyWorkspace({ engine, installation }: SandboxContext, id: string, failure: unknown): Promise<void> {
  const { docker } = engine;
  const [image] = await docker.listImages({ filters: { reference: ['bellhop-sandbox'] } });
  if (!image) throw failure;
  const container = await docker.createContainer({
    Image: image.Id,
    Entrypoint: ['timeout', String(EMPTY_MS / 1000), 'find', '/emptied', '-mindepth', '1', '-delete'],
    Cmd: [],
    User: '0:0',
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      // Files belong to the agent, and it may have closed its folders.
      CapAdd: ['DAC_OVERRIDE', 'FOWNER'],
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'none', Config: {} },
      Memory: 512 * 1024 * 1024,
      Mounts: [{ Type: 'volume', Source: sandboxName(installation, id), Target: '/emptied' }],
    },
  });
  try {
    await container.start();
    await container.wait();
  } finally {
    await container.remove({ force: true });
  }
}
