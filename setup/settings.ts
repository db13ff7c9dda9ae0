import { z } from 'zod';
import { SetupError } from './errors.ts';

const text = z.string().trim().min(1).optional();
const url = z.url().optional();

const schema = z.object({
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be postgres://user:password@host:port/database' })
    .refine((value) => new URL(value).hostname !== '', 'must name a host')
    .optional(),
  SLACK_APP_TOKEN: z.string().startsWith('xapp-', 'an app-level token starts with xapp-').optional(),
  SLACK_BOT_TOKEN: z.string().startsWith('xoxb-', 'a bot token starts with xoxb-').optional(),
  SLACK_API_URL: url,
  ANTHROPIC_API_KEY: text,
  ANTHROPIC_BASE_URL: url,
  BELLHOP_MODEL: text,
});

/** Which parts of the demo are replaced by real ones. Empty variables count as unset. */
export interface Settings {
  /** Undefined: the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined;
  /** Undefined: the Slack simulator. */
  readonly slack:
    | { readonly appToken: string; readonly botToken: string; readonly apiUrl?: string | undefined }
    | undefined;
  /** Undefined: the demo model. */
  readonly model:
    | { readonly apiKey: string; readonly baseUrl?: string | undefined; readonly name?: string | undefined }
    | undefined;
}

/** Reads the environment, or names the variable that is wrong. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(present);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new SetupError('bad-setting', `${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { data } = parsed;
  return {
    databaseUrl: data.DATABASE_URL,
    slack: slackOf(data.SLACK_APP_TOKEN, data.SLACK_BOT_TOKEN, data.SLACK_API_URL),
    model: data.ANTHROPIC_API_KEY
      ? { apiKey: data.ANTHROPIC_API_KEY, baseUrl: data.ANTHROPIC_BASE_URL, name: data.BELLHOP_MODEL }
      : undefined,
  };
}

function slackOf(appToken?: string, botToken?: string, apiUrl?: string): Settings['slack'] {
  if (appToken && botToken) return { appToken, botToken, apiUrl };
  if (!appToken && !botToken) return undefined;
  const [has, lacks] = appToken ? ['SLACK_APP_TOKEN', 'SLACK_BOT_TOKEN'] : ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN'];
  throw new SetupError(
    'bad-setting',
    `${has} is set and ${lacks} is not`,
    `set ${lacks} as well, or neither for the simulator`,
  );
}
