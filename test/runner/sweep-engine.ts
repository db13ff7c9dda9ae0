import type { Engine } from '../../docker/engine.ts';
import { removeVolume } from '../../docker/remove-workspace.ts';
import { LABELS } from '../../docker/sandbox-names.ts';

const FILTERS = { label: [LABELS.folder] };

/**
 * Removes the containers and volumes of a run of the tests, and says which they were. What is another Bellhop's, of this machine or of
 * another run, stays as it is.
 */
export async function sweepEngine(engine: Engine, folder: string): Promise<string[]> {
  const { containers, volumes } = await everything(engine);
  const isOurs = (labels: Labels) => labels?.[LABELS.folder]?.startsWith(`${folder}/`);
  const ours = {
    containers: containers.filter(({ Labels }) => isOurs(Labels)),
    volumes: volumes.filter(({ Labels }) => isOurs(Labels)),
  };
  for (const { Id } of ours.containers) await engine.docker.getContainer(Id).remove({ force: true, v: true });
  for (const { Name } of ours.volumes) await removeVolume(engine, Name);
  return [
    ...ours.containers.map(({ Names }) => `container ${Names[0]?.slice(1)}`),
    ...ours.volumes.map(({ Name }) => `volume ${Name}`),
  ];
}

/** The folder of every Bellhop that has something on this engine. */
export async function foldersOnEngine(engine: Engine): Promise<string[]> {
  const { containers, volumes } = await everything(engine);
  return [...containers, ...volumes].map(({ Labels }) => Labels?.[LABELS.folder] ?? '');
}

type Labels = Readonly<Record<string, string>> | null;

async function everything({ docker }: Engine) {
  const containers = await docker.listContainers({ all: true, filters: FILTERS });
  const { Volumes } = await docker.listVolumes({ filters: FILTERS });
  return { containers, volumes: Volumes ?? [] };
}
