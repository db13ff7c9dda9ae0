import { z } from 'zod';
import { parseSignalsAddress, type SignalsAddress } from './signals/serve-signals.ts';

/** The variables of every process that talks to Temporal and PostgreSQL. */
export const baseEnvironment = z.object({
  BELLHOP_DATABASE_URL: z.string().min(1),
  TEMPORAL_ADDRESS: z.string().min(1),
  TEMPORAL_NAMESPACE: z.string().min(1).default('bellhop'),
});

export class EnvironmentError extends Error {
  readonly code = 'bad_environment';
}

/**
 * Reads the variables that a process needs.
 *
 * @throws EnvironmentError that names every variable which is missing or does not fit
 */
export function readEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  environment: NodeJS.ProcessEnv,
): z.output<Schema> {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new EnvironmentError(`environment: ${problems.join('; ')}`);
}

/**
 * Where a process serves its metrics and health: `BELLHOP_METRICS_ADDRESS`, else the process's usual port on this machine only.
 * Null when they are switched off.
 *
 * @throws EnvironmentError when the address is none
 */
export function metricsAddress(environment: NodeJS.ProcessEnv, usualPort: number): SignalsAddress | null {
  const address = parseSignalsAddress(environment.BELLHOP_METRICS_ADDRESS || `127.0.0.1:${usualPort}`);
  if (address !== undefined) return address;
  throw new EnvironmentError('environment: BELLHOP_METRICS_ADDRESS: must be address:port, or off');
}

/** A positive number from a variable, or its default. */
export function positive(fallback: number) {
  return z.coerce.number().positive().default(fallback);
}

/** The size of a process's pool, which fits what the process runs at the same time, or its default. */
export function poolSize(fallback: number) {
  return { BELLHOP_DATABASE_CONNECTIONS: z.coerce.number().int().min(2).default(fallback) };
}
