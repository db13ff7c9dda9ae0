import type { Progress, ShowProgress } from './show-progress.ts';

/** What is over sooner than this is not worth an edit of the thread's line. */
const QUIET_MS = 250;

/** The thread's line about one activity. Words that are overtaken before anybody could read them are never written. */
export interface LiveLine {
  say(progress: Progress): void;
  /** Without a pause before it. */
  sayNow(progress: Progress): void;
  /** The activity is over: what was not said is not said any more. */
  end(): void;
}

/** The line is a courtesy: when it cannot be written, the work goes on, and `onError` is told. */
export function createLiveLine(show: ShowProgress, onError: (error: unknown) => void): LiveLine {
  let latest: Progress | undefined;
  let timer: NodeJS.Timeout | undefined;
  const write = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (latest) show(latest).catch(onError);
  };
  return {
    say(progress) {
      latest = progress;
      timer ??= setTimeout(write, QUIET_MS);
    },
    sayNow(progress) {
      latest = progress;
      write();
    },
    end: () => clearTimeout(timer),
  };
}
