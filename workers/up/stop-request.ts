/** A second Ctrl-C after so long comes from an impatient person. One that comes sooner is the first, passed on by npm. */
const IMPATIENT_MS = 2_000;

export interface StopRequest {
  readonly asked: Promise<NodeJS.Signals>;
  release(): void;
}

/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP. Another one that comes more than two seconds later ends this process at once; its
 * children end with it (leash.ts).
 */
export function untilAskedToStop(): StopRequest {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    if (firstAt !== undefined && Date.now() - firstAt > IMPATIENT_MS) process.exit(130);
    firstAt ??= Date.now();
    resolve(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    asked: promise,
    release: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
