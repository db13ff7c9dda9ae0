import path from 'node:path';
import { z } from 'zod';
import type { GeneratedSecrets } from '../../../setup/host/generated-secrets.ts';
import { ROOT } from '../../../setup/host/home.ts';
import { PORTS } from '../../../setup/host/port-wishes.ts';
import { inheritedBy } from '../environments.ts';
import { exists, startOwn } from '../own-process.ts';
import { joined } from '../remarks.ts';
import type { UpContext } from '../up-context.ts';

const SCENARIOS = ['demo/scenarios', 'demo/scenarios/in-whose-name'];
const line = z.object({ url: z.url() });

/** How the agent worker reaches a model. */
export interface ModelAccess {
  readonly apiKey: string;
  readonly baseUrl?: string | undefined;
  readonly name?: string | undefined;
}

/** Anthropic's API when a key is set, else the demo model, which speaks the same API and is not a language model. */
export async function startModel(context: UpContext, secrets: GeneratedSecrets): Promise<ModelAccess> {
  const { environment, settings, journal } = context;
  return await journal.step<ModelAccess>('model', async () => {
    if (settings.model) {
      return {
        detail: `ANTHROPIC_API_KEY: ${settings.model.baseUrl ?? 'https://api.anthropic.com'}`,
        value: settings.model,
      };
    }
    const port = await context.ports.choose(PORTS.model);
    const folders = SCENARIOS.filter((folder) => exists(folder)).map((folder) => path.join(ROOT, folder));
    const env = {
      ...inheritedBy('local', environment),
      MODEL_SIM_PORT: String(port.port),
      MODEL_SIM_KEY: secrets.modelKey,
      MODEL_SIM_SCENARIOS: folders.length > 0 ? folders.join(path.delimiter) : undefined,
    };
    const script = 'simulators/model-api/main.ts';
    const { url } = line.parse(await startOwn(context, { name: 'model-simulator', script, env }));
    return {
      detail: joined(`simulated at ${url}, not a language model`, port.brief),
      more: joined('ANTHROPIC_API_KEY would replace it', port.remark),
      value: { apiKey: secrets.modelKey, baseUrl: url, name: 'demo' },
    };
  });
}
