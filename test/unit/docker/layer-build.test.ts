import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import type { Engine } from '../../../docker/engine.ts';
import { buildLayer, type LayerBuild, READY } from '../../../docker/layer-build.ts';

/** An engine whose container prints lines, and ends with them. */
function engineThatPrints(lines: readonly string[]) {
  const stream = new PassThrough();
  const container = {
    id: 'c1',
    putArchive: async (tar: Readable) => {
      for await (const _ of tar);
    },
    attach: async () => Object.assign(stream, { end: () => stream }),
    start: async () => {
      for (const line of lines) stream.write(`${line}\n`);
      stream.push(null);
    },
    wait: async () => ({ StatusCode: 0 }),
    inspect: async () => ({ State: { ExitCode: 0, OOMKilled: false } }),
    commit: async () => undefined,
    remove: async () => undefined,
  };
  const docker = {
    createContainer: async () => container,
    getContainer: () => container,
    getImage: () => ({ inspect: async () => ({ Config: {} }) }),
    modem: {
      demuxStream: (from: PassThrough, out: PassThrough) => void from.on('data', (bytes: Buffer) => out.write(bytes)),
    },
  };
  return { docker } as unknown as Engine;
}

async function build(lines: readonly string[], between?: LayerBuild['between']): Promise<string[]> {
  const told: string[] = [];
  const files = await mkdtemp(path.join(tmpdir(), 'bellhop-test-'));
  await buildLayer(engineThatPrints(lines), {
    from: 'from',
    tag: 'name:tag',
    files,
    ...(between && { between }),
    command: ['true'],
    network: 'none',
    onLine: (line) => told.push(line),
  }).finally(() => rm(files, { recursive: true, force: true }));
  return told;
}

test('the first line that says ready begins the work from outside, and a second one is a line of the script', async () => {
  let works = 0;
  const told = await build(['a', READY, 'b', READY, 'c'], async () => {
    works += 1;
    return new Map();
  });
  expect(works).toBe(1);
  expect(told).toEqual(['a', 'b', READY, 'c']);
});

test('where nothing is to be done from outside, the line is one of the script', async () => {
  expect(await build(['a', READY, 'b'])).toEqual(['a', READY, 'b']);
});
