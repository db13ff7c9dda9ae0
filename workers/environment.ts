import { z } from 'zod';

/** What every process that talks to Temporal and PostgreSQL is given. */
export const baseEnvironment = z.object({
  BELLHOP_DATABASE_URL: z.string().min(1),
  TEMPORAL_ADDRESS: z.string().min(1),
  TEMPORAL_NAMESPACE: z.string().min(1).default('bellhop'),
});

export class EnvironmentError extends Error {
  readonly code = 'bad_environment';
}

/** Reads the variables a process needs; names every one that lacks or does not fit. */
export function readEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  environment: NodeJS.ProcessEnv,
): z.output<Schema> {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new EnvironmentError(`environment: ${problems.join('; ')}`);
}

/** A positive number from a variable, or its default. */
export function positive(fallback: number) {
  return z.coerce.number().positive().default(fallback);
}
