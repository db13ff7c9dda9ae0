/** A signal that aborts when nothing was seen for `ms` milliseconds. */
export interface IdleTimer {
  readonly signal: AbortSignal;
  readonly touch: () => void;
  readonly stop: () => void;
}

/**
 * Aborts its signal after `ms` milliseconds without a `touch`. Call `stop` at the end, or it keeps the process alive.
 */
export function createIdleTimer(ms: number): IdleTimer {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`silent for ${ms} ms`)), ms);
  return {
    signal: controller.signal,
    touch: () => {
      if (!controller.signal.aborted) timer.refresh();
    },
    stop: () => clearTimeout(timer),
  };
}

/** Bytes of one answer, with all that is around the model's words. No model writes that much. */
const MOST_BYTES = 64 * 1_048_576;
/** Of one line. The SDK keeps a line until its end comes, and copies it with each piece. */
const MOST_LINE_BYTES = 16 * 1_048_576;
const LINE_ENDS = [10, 13] as const;

export interface BodyWatcher {
  /** Called for every chunk of an answer. */
  readonly seen: () => void;
  /** Called when an answer, or a line of it, is longer than any. Its body is over then. */
  readonly endless: (error: Error) => void;
}

/**
 * A `fetch` whose answers are watched. A provider sends pings while a long answer is coming, but the SDK hides them.
 * Therefore silence is measured on the body itself. So is length, because the SDK bounds nothing.
 */
export function watchBody(fetch: typeof globalThis.fetch, { seen, endless }: BodyWatcher): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    seen();
    if (!response.body) return response;
    let bytes = 0;
    let lineBytes = 0;
    const body = response.body.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(chunk, controller) {
          seen();
          const end = Math.max(...LINE_ENDS.map((byte) => chunk.lastIndexOf(byte)));
          bytes += chunk.length;
          lineBytes = end < 0 ? lineBytes + chunk.length : chunk.length - end - 1;
          if (bytes <= MOST_BYTES && lineBytes <= MOST_LINE_BYTES) return controller.enqueue(chunk);
          const error = new Error("the model's answer has no end");
          endless(error);
          controller.error(error);
        },
      }),
    );
    return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
  };
}
