import { z } from 'zod';
import { type SimulatorOptions, SLACK_DELIVERY, SLACK_STATUS_LIFE_MS } from './simulator.ts';

const milliseconds = z.coerce.number().int().min(0);

const schema = z.object({
  SLACK_SIM_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  SLACK_SIM_CONTROL_TOKEN: z.string().min(16, 'needs at least 16 characters'),
  SLACK_APP_TOKEN: z.string().startsWith('xapp-', 'must begin with xapp-'),
  SLACK_BOT_TOKEN: z.string().startsWith('xoxb-', 'must begin with xoxb-'),
  SLACK_SIM_STATE_FILE: z.string().min(1).optional(),
  SLACK_SIM_ACK_TIMEOUT_MS: milliseconds.default(SLACK_DELIVERY.ackTimeoutMs),
  SLACK_SIM_RETRY_DELAYS_MS: z
    .string()
    .regex(/^\d+(,\d+)*$/, 'must be milliseconds separated by commas')
    .transform((value) => value.split(',').map(Number))
    .default([...SLACK_DELIVERY.retryDelaysMs]),
  // The demo's page is there before the gateway is: a mention must not be lost in between.
  SLACK_SIM_HOLD_WITHOUT_SOCKET: z.stringbool().default(true),
  SLACK_SIM_FILE_PROCESSING_MS: milliseconds.default(300),
  SLACK_SIM_STATUS_LIFE_MS: milliseconds.default(SLACK_STATUS_LIFE_MS),
});

/** The process's configuration from its environment. @throws with one line for each wrong variable */
export function readConfiguration(environment: NodeJS.ProcessEnv): SimulatorOptions {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => {
      const name = issue.path.join('.');
      return `${name} ${environment[name] === undefined ? 'is not set' : issue.message}`;
    });
    throw new Error(`The Slack simulator cannot start:\n${lines.join('\n')}`);
  }
  const values = parsed.data;
  return {
    port: values.SLACK_SIM_PORT,
    controlToken: values.SLACK_SIM_CONTROL_TOKEN,
    tokens: { app: values.SLACK_APP_TOKEN, bot: values.SLACK_BOT_TOKEN },
    ...(values.SLACK_SIM_STATE_FILE === undefined ? {} : { stateFile: values.SLACK_SIM_STATE_FILE }),
    ackTimeoutMs: values.SLACK_SIM_ACK_TIMEOUT_MS,
    retryDelaysMs: values.SLACK_SIM_RETRY_DELAYS_MS,
    holdWithoutSocket: values.SLACK_SIM_HOLD_WITHOUT_SOCKET,
    fileProcessingMs: values.SLACK_SIM_FILE_PROCESSING_MS,
    statusLifeMs: values.SLACK_SIM_STATUS_LIFE_MS,
  };
}
