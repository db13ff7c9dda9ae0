import { once } from 'node:events';
import { TOOL_PROCESS_LIMIT } from './container-spec.ts';
import type { PipedCall, PipedCommand } from './sandbox.ts';
import type { SandboxContext } from './sandbox-context.ts';
import { INSIDE } from './sandbox-environment.ts';
import { openExec } from './starter-exec.ts';
import { stdoutOf } from './starter-frames.ts';

/** What is kept of what a command says on stderr. */
const MAX_WORDS = 500;
const OPEN_WITHIN_MS = 20_000;

/**
 * What stands around the command. Its arguments are the turn and the command's own.
 *
 * 1. The note of turns that are over is read. The end of a turn writes it first and then ends every process, so a command of
 *    that turn is either refused here or ended there (end-turn.ts).
 * 2. It gets the environment and the limits that a command of a step has (docker/image/starter/keep.c). A test compares both.
 * 3. Its input ends when nobody writes any more. It has two seconds from then on. Then its whole group is ended, if that is a
 *    group of its own. When it ends earlier, its output ends at once.
 */
const AROUND = `over=$(cat ${INSIDE.folder}/over 2>/dev/null)
[ "\${over:-0}" -lt "$1" ] || { echo 'the turn is over' >&2; exit 75; }
shift
ulimit -u ${TOOL_PROCESS_LIMIT}
echo 500 > /proc/self/oom_score_adj
export HOME=${INSIDE.home} TMPDIR=/tmp NPM_CONFIG_PREFIX=${INSIDE.home}/.local
export PATH="${INSIDE.home}/.local/bin:${INSIDE.home}/.local/gems/bin:$PATH"
[ -z "\${GEM_HOME+set}" ] || [ "\${GEM_PATH+set}" ] || export GEM_PATH="$GEM_HOME:"
export GEM_HOME=${INSIDE.home}/.local/gems
export USER=agent LOGNAME=agent SHELL=/bin/bash GIT_CONFIG_SYSTEM=/usr/local/lib/bellhop/gitconfig
mkdir -p "$HOME"
cd ${INSIDE.workspace} || exit 126
read -r _ _ _ _ group _ < /proc/$$/stat
end() { sleep 2; [ "$group" = $$ ] && kill -9 0; }
nice -n 15 "$@" < <(exec 2>/dev/null; cat; exec 1>&-; end)`;

/**
 * Starts a command as the agent's user, with pipes to its input and output. It is no step: a second call starts it again.
 *
 * @throws DockerError `SandboxMissing`, `SandboxNotRunning`, `ExecTimeout`; the reason of an abort
 */
export async function openPiped(context: SandboxContext, id: string, call: PipedCall): Promise<PipedCommand> {
  const { uid, turn, command, signal } = call;
  const { socket } = await openExec(
    { ...context, id, uid },
    ['/bin/bash', '-c', AROUND, 'bellhop-pipe', String(turn), ...command],
    { input: true, timeoutMs: OPEN_WITHIN_MS, signal },
  );
  let words = '';
  const hear = (bytes: Buffer) => {
    words = `${words}${bytes.toString('utf8')}`.slice(-MAX_WORDS);
  };
  // The reader of the output is told of it.
  socket.on('error', () => undefined);
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  const over = AbortSignal.any([signal, gone.signal]);
  let drained: Promise<unknown> | null = null;
  return {
    output: stdoutOf(socket, hear),
    words: () => words.trim(),
    async write(bytes) {
      if (socket.write(bytes)) return;
      // One wait for all: each listens at the signal of the call.
      drained ??= once(socket, 'drain', { signal: over }).finally(() => {
        drained = null;
      });
      await drained;
    },
    close() {
      // Its input ends. What it still says is not read.
      socket.end();
      socket.resume();
      setTimeout(() => socket.destroy(), 5_000).unref();
    },
  };
}
