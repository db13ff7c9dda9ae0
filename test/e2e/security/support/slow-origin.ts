import { writeFile } from 'node:fs/promises';
import { startOrigin } from '../../../integration/proxy/support/origin.ts';
import { createTestAuthority } from '../../../integration/proxy/support/test-authority.ts';

/** A host whose page never ends: something new every 100 ms, for as long as somebody reads. */
export interface SlowOrigin extends AsyncDisposable {
  readonly port: number;
  /** Downloads going on. */
  readonly open: number;
}

export async function startSlowOrigin(host: string, authorityFile: string): Promise<SlowOrigin> {
  const authority = await createTestAuthority();
  await writeFile(authorityFile, authority.pem);
  let open = 0;
  const origin = await startOrigin({
    authority,
    hosts: [host],
    onRequest: (_request, response) => {
      open += 1;
      const timer = setInterval(() => response.write('more\n'), 100);
      response.once('close', () => {
        clearInterval(timer);
        open -= 1;
      });
    },
  });
  return {
    port: origin.port,
    get open() {
      return open;
    },
    [Symbol.asyncDispose]: () => origin[Symbol.asyncDispose](),
  };
}
