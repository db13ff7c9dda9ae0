/** Waits until something is true; says what was waited for when it never is. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = 'a condition',
  withinMs = 10_000,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
