import { DockerError } from './errors.ts';

/** Stops waiting when the engine does not answer, or when the signal aborts. The engine may still do what it was asked. */
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
