import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { Engine } from '../../docker/engine.ts';
import { statusOf } from '../../docker/errors.ts';
import { removeVolume } from '../../docker/remove-workspace.ts';
import { LABELS } from '../../docker/sandbox-names.ts';

/** Also for a container with a large layer on a busy machine. */
const REMOVED_WITHIN_MS = 60_000;
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
  for (const { Id } of ours.containers) await remove(engine.docker.getContainer(Id));
  for (const { Name } of ours.volumes) await removeVolume(engine, Name);
  return [
    ...ours.containers.map(({ Names }) => `container ${Names[0]?.slice(1)}`),
    ...ours.volumes.map(({ Name }) => `volume ${Name}`),
  ];
}

/**
 * One that is gone, or being removed by another run, is fine. An engine can hang for good on one container; that is an error of
 * this container and holds nobody up.
 */
async function remove(container: Docker.Container): Promise<void> {
  const removed = container.remove({ force: true, v: true }).catch((error: unknown) => {
    if (![404, 409].includes(statusOf(error) ?? 0)) throw error;
  });
  const late = new AbortController();
  const hung = pause(REMOVED_WITHIN_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error(`the engine did not remove container ${container.id} within ${REMOVED_WITHIN_MS / 1_000} s`);
  });
  await Promise.race([removed, hung]).finally(() => late.abort());
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
