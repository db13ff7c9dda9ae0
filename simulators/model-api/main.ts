import path from 'node:path';
import { z } from 'zod';
import { loadScenarios } from './scenarios.ts';
import { startModelApi } from './server.ts';

const settings = z
  .object({
    MODEL_SIM_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
    MODEL_SIM_HOST: z.string().default('127.0.0.1'),
    MODEL_SIM_KEY: z.string().min(1).optional(),
    MODEL_SIM_DELAY_MS: z.coerce.number().int().min(0).max(60_000).default(600),
    MODEL_SIM_SCENARIOS: z.string().optional(),
  })
  .safeParse(process.env);
if (!settings.success) {
  for (const { path, message } of settings.error.issues) console.error(`${path.join('.')}: ${message}`);
  process.exit(2);
}
const { MODEL_SIM_PORT, MODEL_SIM_HOST, MODEL_SIM_KEY, MODEL_SIM_DELAY_MS, MODEL_SIM_SCENARIOS } = settings.data;
const api = await startModelApi({
  scenarios: (MODEL_SIM_SCENARIOS ?? '').split(path.delimiter).filter(Boolean).flatMap(loadScenarios),
  port: MODEL_SIM_PORT,
  host: MODEL_SIM_HOST,
  apiKey: MODEL_SIM_KEY ?? null,
  delayMs: MODEL_SIM_DELAY_MS,
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void api.close().then(() => process.exit(0));
  });
}
console.log(JSON.stringify({ ready: 'model-api', url: api.url }));
