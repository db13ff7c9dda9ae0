import { DockerError } from './errors.ts';

/** Gives up on an engine that does not answer, or when the signal aborts; what it was asked may still happen. */
export async function within<T>(ms: number, work: Promise<T>, signal?: AbortSignal): Promise<T> {
  const given = Promise.withResolvers<never>();
  const onAbort = () => given.reject(signal?.reason);
  const timer = setTimeout(
    () => given.reject(new DockerError('ExecTimeout', `the engine gave no answer within ${ms} ms`)),
    ms,
  );
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, given.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
