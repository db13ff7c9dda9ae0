import { z } from 'zod';
import { PORTS } from '../../../setup/host/port-wishes.ts';
import { namespaceIn } from '../../../setup/temporal/external.ts';
import { inheritedBy } from '../environments.ts';
import { exists, startOwn } from '../own-process.ts';
import { joined } from '../remarks.ts';
import { addressLine } from '../report.ts';
import type { UpContext } from '../up-context.ts';

const SCRIPT = 'demo/page/server/main.ts';
const line = z.object({ url: z.url() });

/**
 * Starts the page before anything else, because it shows how the others come up. Returns its address with the token. The token is only
 * for the terminal of the person who started `up`; neither the journal nor a log has it.
 */
export async function startPage(context: UpContext): Promise<string | undefined> {
  const { environment, home, journal, tell } = context;
  return await journal.step<string | undefined>('page', async () => {
    if (!exists(SCRIPT)) return { detail: 'the folder demo/ is not there: no page', value: undefined };
    const port = await context.ports.choose(PORTS.page);
    const env = {
      ...inheritedBy('local', environment),
      BELLHOP_HOME: home.folder,
      PAGE_PORT: String(port.port),
      TEMPORAL_NAMESPACE: namespaceIn(environment),
    };
    const { url } = line.parse(await startOwn(context, { name: 'page', script: SCRIPT, env }));
    const { origin } = new URL(url);
    journal.setAddresses({ page: origin });
    tell(`\n${addressLine('Open', url)}\n`);
    return { detail: joined(origin, port.brief), more: port.remark, value: url };
  });
}
