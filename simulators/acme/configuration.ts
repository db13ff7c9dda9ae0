import { z } from 'zod';

const SCHEMA = z.object({
  ACME_DIR: z.string().min(1),
  ACME_TOKEN: z.string().min(8),
  ACME_CONTROL_TOKEN: z.string().min(16),
  ACME_PORT: z.coerce.number().int().min(0).max(65_535).default(7443),
});

export interface AcmeConfiguration {
  /** Folder of the certificate authority; made when it is missing. */
  readonly folder: string;
  /** What `api.acme.test` takes for the service account `svc-bellhop`. */
  readonly token: string;
  /** What the `/_acme/` endpoints ask for. */
  readonly controlToken: string;
  /** 0 takes a free port. */
  readonly port: number;
}

/** Reads the environment, or throws one line that names every variable that is missing or wrong. */
export function readConfiguration(environment: NodeJS.ProcessEnv): AcmeConfiguration {
  const parsed = SCHEMA.safeParse(environment);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`acme cannot start: ${faults.join('; ')}`);
  }
  const { ACME_DIR, ACME_TOKEN, ACME_CONTROL_TOKEN, ACME_PORT } = parsed.data;
  return { folder: ACME_DIR, token: ACME_TOKEN, controlToken: ACME_CONTROL_TOKEN, port: ACME_PORT };
}
