import type { Engine } from '../../docker/engine.ts';
import { LABELS } from '../../docker/sandbox-names.ts';

/**
 * Removes the containers and volumes of a run of the tests, and says which they were. What is another Bellhop's, of this machine or of
 * another run, stays as it is.
 */
export async function sweepEngine({ docker }: Engine, folder: string): Promise<string[]> {
  const filters = { label: [LABELS.folder] };
  const isOurs = (labels: Readonly<Record<string, string>> | null) => labels?.[LABELS.folder]?.startsWith(`${folder}/`);
  const containers = (await docker.listContainers({ all: true, filters })).filter(({ Labels }) => isOurs(Labels));
  for (const { Id } of containers) await docker.getContainer(Id).remove({ force: true, v: true });
  const { Volumes } = await docker.listVolumes({ filters });
  const volumes = (Volumes ?? []).filter(({ Labels }) => isOurs(Labels));
  for (const { Name } of volumes) await docker.getVolume(Name).remove({ force: true });
  return [
    ...containers.map(({ Names }) => `container ${Names[0]?.slice(1)}`),
    ...volumes.map(({ Name }) => `volume ${Name}`),
  ];
}
