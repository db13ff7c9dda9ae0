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
/** Of one event of the stream. The SDK keeps an event until its end comes, and copies it with each piece. */
const MOST_EVENT_BYTES = 16 * 1_048_576;
/** A blank line, which may come in two pieces. */
const EVENT_ENDS = ['\n\n', '\r\r', '\r\n\r\n'] as const;
const LONGEST_END = 4;

export interface BodyWatcher {
  /** Called for every chunk of an answer. */
  readonly seen: () => void;
  /** Called when an answer, or an event of it, is longer than any. Its body is over then. */
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
    let eventBytes = 0;
    let before = Buffer.alloc(0);
    const body = response.body.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(chunk, controller) {
          seen();
          const piece = Buffer.concat([before, chunk]);
          const end = Math.max(...EVENT_ENDS.map((each) => piece.lastIndexOf(each)));
          before = piece.subarray(1 - LONGEST_END);
          bytes += chunk.length;
          eventBytes = end < 0 ? eventBytes + chunk.length : piece.length - end;
          if (bytes <= MOST_BYTES && eventBytes <= MOST_EVENT_BYTES) return controller.enqueue(chunk);
          const error = new Error("the model's answer has no end");
          endless(error);
          controller.error(error);
        },
      }),
    );
    return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
  };
}
