import type { Engine } from './engine.ts';
import { sandboxError, statusOf } from './errors.ts';
import type { SandboxContext } from './sandbox-context.ts';
import { sandboxName } from './sandbox-names.ts';

/** To empty a thousand nested folders takes about half a second. */
const EMPTY_MS = 5 * 60_000;

/** Deletes the files of a session. Refused while a container uses them. A volume that is gone already is no error. */
export async function removeWorkspace({ engine, installation }: SandboxContext, id: string): Promise<void> {
  try {
    await removeVolume(engine, sandboxName(installation, id));
  } catch (error) {
    if (statusOf(error) !== 404) throw sandboxError('remove the workspace', id, error);
  }
}

/**
 * Removes a volume of ours. The engine takes a file descriptor for each level of folders, and gives up where there are more
 * levels than it may have descriptors. Such a volume is emptied first, by a program that needs only a few.
 * @throws what the engine says
 */
export async function removeVolume(engine: Engine, name: string): Promise<void> {
  const volume = engine.docker.getVolume(name);
  try {
    await volume.remove();
  } catch (error) {
    if (statusOf(error) !== 500) throw error;
    await emptyVolume(engine, name, error);
    await volume.remove();
  }
}

/** @param failure thrown where there is no image of ours to do it with */
async function emptyVolume({ docker }: Engine, name: string, failure: unknown): Promise<void> {
  const [image] = await docker.listImages({ filters: { reference: ['bellhop-sandbox'] } });
  if (!image) throw failure;
  const container = await docker.createContainer({
    Image: image.Id,
    // Root, and beside files of an agent: absolute names, and nothing of the agent's in environment or working folder.
    Entrypoint: ['/usr/bin/timeout', String(EMPTY_MS / 1000), '/usr/bin/find', '/emptied', '-mindepth', '1', '-delete'],
    Cmd: [],
    Env: ['PATH=/usr/bin:/bin', 'HOME=/'],
    WorkingDir: '/',
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
      Mounts: [{ Type: 'volume', Source: name, Target: '/emptied' }],
    },
  });
  try {
    await container.start();
    await container.wait();
  } finally {
    await container.remove({ force: true, v: true });
  }
}
