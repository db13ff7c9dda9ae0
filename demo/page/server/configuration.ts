import { z } from 'zod';

const SERVICES = z.object({
  BELLHOP_DATABASE_URL: z.string().min(1).optional(),
  SLACK_SIMULATOR_URL: z.url().optional(),
  SLACK_SIMULATOR_TOKEN: z.string().min(1).optional(),
  ACME_URL: z.url().optional(),
  ACME_CA: z.string().min(1).optional(),
  ACME_CONTROL_TOKEN: z.string().min(1).optional(),
  TEMPORAL_UI_URL: z.url().optional(),
});

const PROCESS = z.object({
  BELLHOP_HOME: z.string().min(1),
  PAGE_PORT: z.coerce.number().int().min(0).max(65_535).default(7070),
  PAGE_TOKEN: z.string().min(16).optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('bellhop'),
});

/** Where the page finds what it shows. Each may be unknown for a while: the page is up before any of them. */
export interface Services {
  readonly databaseUrl?: string | undefined;
  readonly slack?: { readonly url: string; readonly token: string } | undefined;
  readonly acme?: { readonly url: string; readonly ca: string; readonly token: string } | undefined;
  readonly temporalUi?: string | undefined;
}

export interface PageConfiguration {
  readonly home: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly token: string | undefined;
  readonly namespace: string;
}

/** Reads the environment, or throws one line that names every variable that is missing or wrong. */
export function readConfiguration(environment: NodeJS.ProcessEnv): PageConfiguration {
  const { BELLHOP_HOME, PAGE_PORT, PAGE_TOKEN, TEMPORAL_NAMESPACE } = parse(PROCESS, environment, 'the environment');
  return { home: BELLHOP_HOME, port: PAGE_PORT, token: PAGE_TOKEN, namespace: TEMPORAL_NAMESPACE };
}

/**
 * Joins the environment with what `page.json` says, the environment winning.
 * @param file content of `page.json`, or null while there is none
 */
export function readServices(environment: NodeJS.ProcessEnv, file: unknown): Services {
  const known = {
    ...(file === null ? {} : parse(SERVICES, file, 'page.json')),
    ...dropUndefined(parse(SERVICES, environment, 'the environment')),
  };
  const { SLACK_SIMULATOR_URL, SLACK_SIMULATOR_TOKEN, ACME_URL, ACME_CA, ACME_CONTROL_TOKEN } = known;
  return {
    databaseUrl: known.BELLHOP_DATABASE_URL,
    slack:
      SLACK_SIMULATOR_URL && SLACK_SIMULATOR_TOKEN
        ? { url: SLACK_SIMULATOR_URL, token: SLACK_SIMULATOR_TOKEN }
        : undefined,
    acme:
      ACME_URL && ACME_CA && ACME_CONTROL_TOKEN ? { url: ACME_URL, ca: ACME_CA, token: ACME_CONTROL_TOKEN } : undefined,
    temporalUi: known.TEMPORAL_UI_URL,
  };
}

function parse<T>(schema: z.ZodType<T>, value: unknown, source: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`the page cannot start, ${source} is wrong: ${faults.join('; ')}`);
}

function dropUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Partial<T>;
}
