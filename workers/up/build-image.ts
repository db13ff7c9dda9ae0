/** A task of `up`: makes sure that the sandbox image is there, and says on stdout what it is doing, one line at a time. */
import { connectEngine } from '../../docker/engine.ts';
import { ensureSandboxImage } from '../../docker/sandbox-image.ts';
import { reasonOf } from '../../setup/errors.ts';
import { cacheFolder } from '../../setup/host/cache.ts';

const abort = new AbortController();
process.once('SIGTERM', () => abort.abort());
try {
  const engine = await connectEngine({ env: process.env });
  const image = await ensureSandboxImage({
    engine,
    cacheDir: cacheFolder(process.env),
    signal: abort.signal,
    onProgress: ({ words }) => console.log(words),
  });
  console.log(`${image.name}${image.built ? ', built now' : ', there already'}`);
  process.exit(0);
} catch (error) {
  console.error(reasonOf(error));
  process.exit(1);
}
