import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { containersOf, docker } from '../../test/support/installation/containers.ts';
import { processesOf } from '../../test/support/processes-of.ts';
import type { Finding } from './judge.ts';
import type { Site } from './site.ts';

const leftBehind = (what: string): Finding => ({ verdict: 'left behind', what });

/** What stays beside a Bellhop that is up and has nothing to do: processes that `up` does not know, containers, sockets. */
export async function leftBesideRunning(site: Site): Promise<Finding[]> {
  const known = new Set([site.up.pid, ...((await site.up.state())?.processes ?? []).flatMap(({ pid }) => pid ?? [])]);
  const processes = await processesOf(site.home);
  const parents = new Map(await Promise.all(processes.map(async ({ pid }) => [pid, await parentOf(pid)] as const)));
  const isKnown = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at))
      if (known.has(at)) return true;
    return false;
  };
  return [
    ...processes
      .filter(({ pid }) => !isKnown(pid))
      .map(({ pid, command }) => `process ${pid}: ${command.slice(0, 160)}`),
    ...(await containersOf(site.installation)).map((name) => `container ${name}`),
    ...(await foldersIn(site.runFolder)).map((name) => `the folder of sandbox ${name}`),
    ...(await spareVolumes(site)),
  ].map(leftBehind);
}

/** What stays after an orderly end of `up`. */
export async function leftAfterStop(site: Site): Promise<Finding[]> {
  const processes = await processesOf(site.home);
  return [
    ...processes.map(({ pid, command }) => `process ${pid} after the stop: ${command.slice(0, 160)}`),
    ...(await containersOf(site.installation)).map((name) => `container ${name} after the stop`),
    ...(await readdir(site.runFolder).catch(() => [])).map((name) => `${name} in the folder of sockets after the stop`),
  ].map(leftBehind);
}

/** What stays after `bellhop reset`. */
export async function leftAfterReset(site: Site): Promise<Finding[]> {
  const volumes = await volumesOf(site);
  return [
    ...(await containersOf(site.installation)).map((name) => `container ${name} after the reset`),
    ...volumes.map(({ name }) => `volume ${name} after the reset`),
  ].map(leftBehind);
}

/** A thread keeps one volume with its files, and nobody else keeps one. */
async function spareVolumes(site: Site): Promise<string[]> {
  const { messages } = await site.slack.state();
  const threads = new Set(messages.map(({ channel, ts }) => `${channel}:${ts}`));
  const seen = new Set<string>();
  return (await volumesOf(site)).flatMap(({ name, session }) => {
    const thread = session.split(':').slice(2).join(':');
    const isSpare = !threads.has(thread) || seen.has(session);
    seen.add(session);
    return isSpare ? [`volume ${name} of ${session}`] : [];
  });
}

async function volumesOf({ installation }: Site): Promise<{ name: string; session: string }[]> {
  const label = `label=bellhop.installation=${installation}`;
  const format = '{{.Name}} {{.Label "bellhop.session"}}';
  const lines = (await docker('volume', 'ls', '--filter', label, '--format', format)).split('\n').filter(Boolean);
  return lines.map((line) => {
    const [name = '', session = ''] = line.split(' ');
    return { name, session };
  });
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => path.basename(name));
}

async function parentOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const parent = /^PPid:\s+(\d+)$/m.exec(status)?.[1];
  return parent === undefined ? undefined : Number(parent);
}
