/** Work that somebody waits for only so long. The work itself goes on. */

/** The value of a promise that settles in time. Null when it takes longer. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<{ readonly value: T } | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([promise.then((value) => ({ value })), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The value of a promise. @throws Error with `message` when it takes longer than `ms` */
export async function orLate<T>(ms: number, promise: Promise<T>, message = `no answer within ${ms} ms`): Promise<T> {
  const settled = await within(ms, promise);
  if (settled === null) throw new Error(message);
  return settled.value;
}
