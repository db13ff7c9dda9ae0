/**
 * Which process is given which variables of the environment of `up`. Nothing else reaches a child: only the gateway sees a Slack token,
 * and only the agent worker sees a model key. The files in services/ add what `up` itself decides, such as database addresses with the
 * process's own role, ports and paths.
 */

/** What every program needs: where programs and certificates are, and how text and time are read. */
const BASE = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
/** How to leave this machine, for processes that call something outside it. */
const WAY_OUT = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_USE_ENV_PROXY',
];
const ENGINE = ['DOCKER_HOST', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH', 'XDG_RUNTIME_DIR', 'HOME'];

/** How many connections to PostgreSQL a process may have. */
const POOL = 'BELLHOP_DATABASE_CONNECTIONS';

const GIVEN = {
  /** PostgreSQL, Temporal, the simulators and the page talk to this machine only. */
  local: [],
  dockerd: WAY_OUT,
  image: [
    ...WAY_OUT,
    ...ENGINE,
    'XDG_CACHE_HOME',
    /^npm_config_(?!.*auth)/i,
    'PIP_INDEX_URL',
    'PIP_EXTRA_INDEX_URL',
    'PIP_CONFIG_FILE',
    'BELLHOP_SANDBOX_TOOLS',
  ],
  apply: [],
  proxy: [POOL, 'BELLHOP_OPERATOR_FILE', 'BELLHOP_SPOOL_DIR', 'BELLHOP_SPOOL_MB', 'BELLHOP_EVENTS_PER_TURN'],
  gateway: [POOL, ...WAY_OUT, 'BELLHOP_CALLBACK_URL', 'BELLHOP_CALLBACK_LISTEN'],
  agent: [
    POOL,
    ...WAY_OUT,
    'BELLHOP_NAME',
    'BELLHOP_MODEL',
    'BELLHOP_MODEL_CONTEXT_TOKENS',
    /^BELLHOP_TURN_/,
    'BELLHOP_PAUSE_AFTER_SECONDS',
    'BELLHOP_REMOVE_AFTER_SECONDS',
    'BELLHOP_SLACK_STREAMING',
    /^BELLHOP_KEEP_/,
  ],
  runner: [
    POOL,
    ...ENGINE,
    'BELLHOP_PRODUCTION',
    'BELLHOP_OPERATOR_FILE',
    'BELLHOP_SANDBOXES',
    /^BELLHOP_SANDBOX_/,
    'BELLHOP_WORKSPACE_RETENTION_HOURS',
  ],
} as const satisfies Record<string, readonly (string | RegExp)[]>;

export type ChildKind = keyof typeof GIVEN;

/** What a child of this kind inherits; empty variables count as unset. */
export function inheritedBy(kind: ChildKind, environment: NodeJS.ProcessEnv): Record<string, string> {
  return pick(environment, [...BASE, ...GIVEN[kind]]);
}

/** How to reach somebody else's Temporal server: Temporal's own variables, and where its configuration file is. */
export function temporalVariables(environment: NodeJS.ProcessEnv): Record<string, string> {
  return pick(environment, [/^TEMPORAL_/, 'HOME', 'XDG_CONFIG_HOME']);
}

function pick(environment: NodeJS.ProcessEnv, names: readonly (string | RegExp)[]): Record<string, string> {
  const wanted = (name: string) => names.some((each) => (typeof each === 'string' ? each === name : each.test(name)));
  const entries = Object.entries(environment).filter(([name, value]) => value && wanted(name));
  return Object.fromEntries(entries) as Record<string, string>;
}
