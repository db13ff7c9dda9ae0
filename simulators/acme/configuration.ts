import { z } from 'zod';

const SCHEMA = z.object({
  ACME_DIR: z.string().min(1),
  ACME_TOKEN_SHA256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits'),
  ACME_CONTROL_TOKEN: z.string().min(16),
  ACME_PORT: z.coerce.number().int().min(0).max(65_535).default(7443),
});

export interface AcmeConfiguration {
  /** Folder of the certificate authority; made when it is missing. */
  readonly folder: string;
  /** SHA-256, in hex, of what `api.acme.test` takes for the service account `svc-bellhop`. The token itself is not needed to know it. */
  readonly tokenSha256: string;
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
  const { ACME_DIR, ACME_TOKEN_SHA256, ACME_CONTROL_TOKEN, ACME_PORT } = parsed.data;
  return { folder: ACME_DIR, tokenSha256: ACME_TOKEN_SHA256, controlToken: ACME_CONTROL_TOKEN, port: ACME_PORT };
}
