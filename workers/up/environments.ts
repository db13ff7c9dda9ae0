/**
 * Which process is given which variables. Nothing else of the environment of `up` reaches a child: a Slack token is seen by
 * the gateway alone, a database password by the process whose role it is.
 */

/** Needed to run at all: where programs and certificates are, and how text and time are read. */
const BASE = [
  'PATH',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
] as const;

export function baseEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  return pick(environment, BASE);
}

function pick(environment: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
}
