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

/**
 * A `fetch` that calls `seen` for every chunk of an answer. A provider sends pings while a long answer is coming, but
 * the SDK hides them. Therefore silence is measured on the body itself.
 */
export function watchBody(fetch: typeof globalThis.fetch, seen: () => void): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    seen();
    if (!response.body) return response;
    const body = response.body.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(chunk, controller) {
          seen();
          controller.enqueue(chunk);
        },
      }),
    );
    return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
  };
}
