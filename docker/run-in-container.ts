import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { linesOf } from './lines-of.ts';

export interface ContainerCommand {
  readonly words: readonly string[];
  /** As an image names it: `node`, `1000:1000`. */
  readonly user: string;
  readonly folder: string;
  /** Over those of the container. */
  readonly variables: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
}

export interface CommandEnd {
  /** Null when the container ended first. */
  readonly exitCode: number | null;
  /** The last lines of what it said. */
  readonly last: readonly string[];
}

const KEPT_LINES = 20;
const KEPT_OF_LINE = 500;
const LOOK_MS = 250;
/** After its output was closed the engine is asked so often for the exit code. */
const LOOKS_AFTER = 40;

/** Runs a command in a container by the engine's exec, to the end of the command. What it leaves running may hold its output open. */
export async function runInContainer(container: Docker.Container, command: ContainerCommand): Promise<CommandEnd> {
  const exec = await container.exec({
    Cmd: [...command.words],
    User: command.user,
    WorkingDir: command.folder,
    Env: Object.entries(command.variables).map(([name, value]) => `${name}=${value}`),
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: false });
  const output = new PassThrough();
  container.modem.demuxStream(stream, output, output);
  const closed = Promise.race([once(stream, 'end'), once(stream, 'close')]).catch(() => undefined);
  void closed.then(() => output.end());
  const last: string[] = [];
  const reading = (async () => {
    for await (const line of linesOf(output)) {
      const text = line.trimEnd();
      if (text === '') continue;
      last.push(text.slice(0, KEPT_OF_LINE));
      if (last.length > KEPT_LINES) last.shift();
      command.onLine(text);
    }
  })();
  const exitCode = await exitCodeOf(exec, closed);
  // What it wrote last is on its way.
  await Promise.race([closed, delay(LOOK_MS)]);
  stream.destroy();
  output.end();
  await reading;
  return { exitCode, last };
}

/**
 * Waits for the end. A command that the engine is still starting does not run yet, and has no exit code either.
 * @returns null when its output was closed and no exit code came
 */
async function exitCodeOf(exec: Docker.Exec, closed: Promise<unknown>): Promise<number | null> {
  let isClosed = false;
  void closed.then(() => {
    isClosed = true;
  });
  for (let looks = 0; looks < LOOKS_AFTER; looks += isClosed ? 1 : 0) {
    const { Running, ExitCode } = await exec.inspect();
    if (!Running && ExitCode !== null) return ExitCode;
    await (isClosed ? delay(LOOK_MS) : Promise.race([closed, delay(LOOK_MS)]));
  }
  return null;
}
