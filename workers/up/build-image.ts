/** A task of `up`: makes sure that the sandbox image of its argument (`base`, `full`) is there, and says on stdout what it is doing, one line at a time. */
import os from 'node:os';
import { connectEngine } from '../../docker/engine.ts';
import { ensureSandboxImage } from '../../docker/sandbox-image.ts';
import { reasonOf } from '../../setup/errors.ts';
import { cacheFolder } from '../../setup/host/cache.ts';

// People already work in sandboxes while the full image is made, and they go first.
if (process.argv[2] === 'full') os.setPriority(10);
const abort = new AbortController();
process.once('SIGTERM', () => abort.abort());
try {
  const engine = await connectEngine({ env: process.env });
  const image = await ensureSandboxImage({
    engine,
    tools: process.argv[2] === 'full' ? 'full' : 'base',
    cacheDir: cacheFolder(process.env),
    signal: abort.signal,
    onProgress: ({ words }) => console.log(words),
  });
  console.log(`${image.name}${image.built ? ', built now' : ', there already'}`);
  process.exit(0);
} catch (error) {
  const reason = reasonOf(error);
  console.error(reason);
  // `up` takes the last line of the log for the reason: the end of it in one line.
  console.error(JSON.stringify({ msg: reason.split('\n').slice(-8).join('\n').slice(-480) }));
  process.exit(1);
}
