import { PLACEHOLDER_TOKEN } from '../contracts/placeholder-token.ts';

/** Where things are inside every sandbox. */
export const INSIDE = {
  folder: '/run/bellhop',
  caBundle: '/run/bellhop/ca.pem',
  javaStore: '/run/bellhop/java.p12',
  workspace: '/workspace',
  home: '/workspace/.home',
  /** For clients that read the variables below. */
  proxy: 'http://127.0.0.1:3128',
  /** Where every name leads, so that clients that do not read them reach the relay too (docker/image/entry/names.c). */
  names: '127.100.0.1',
} as const;

/** The sandbox itself. Some clients take a name for those below it too, others only one with a dot before it. */
const NO_PROXY = 'localhost,.localhost,sandbox,127.0.0.1,::1';

/**
 * The environment of a sandbox's container. Everything that the engine starts in it gets this. So it names no folder that
 * the agent can write: the starter adds those (HOME, PATH, TMPDIR and a few more) when it starts a command of the agent
 * (docker/image/starter/keep.c). None of it is secret. Every tool has its own idea of where a proxy and certificates
 * are named; those that replace the system's roots get the full bundle, or hosts that are not intercepted would fail.
 */
export function sandboxEnvironment(): Record<string, string> {
  return {
    HOME: '/',
    LANG: 'C.UTF-8',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...proxyVariables(),
    ...certificateVariables(),
    GIT_TERMINAL_PROMPT: '0',
    // `gh` does nothing without a token. The proxy removes it and attaches the real one.
    GH_TOKEN: PLACEHOLDER_TOKEN,
    GH_ENTERPRISE_TOKEN: PLACEHOLDER_TOKEN,
    GH_PROMPT_DISABLED: '1',
    GH_NO_UPDATE_NOTIFIER: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_ROOT_USER_ACTION: 'ignore',
    NPM_CONFIG_UPDATE_NOTIFIER: 'false',
    YARN_ENABLE_TELEMETRY: '0',
    // Nobody is there to answer it.
    COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
    COMPOSER_NO_INTERACTION: '1',
    MPLBACKEND: 'Agg',
  };
}

function proxyVariables(): Record<string, string> {
  const { proxy } = INSIDE;
  return {
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    ALL_PROXY: proxy,
    all_proxy: proxy,
    NO_PROXY,
    no_proxy: NO_PROXY,
    // Node's own fetch reads the variables above only when told to.
    NODE_USE_ENV_PROXY: '1',
    NPM_CONFIG_PROXY: proxy,
    NPM_CONFIG_HTTPS_PROXY: proxy,
    // Yarn from its second version on reads no other variables.
    YARN_HTTP_PROXY: proxy,
    YARN_HTTPS_PROXY: proxy,
  };
}

function certificateVariables(): Record<string, string> {
  const bundle = INSIDE.caBundle;
  return {
    SSL_CERT_FILE: bundle, // OpenSSL, Go, uv, httpx
    CURL_CA_BUNDLE: bundle,
    GIT_SSL_CAINFO: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    PIP_CERT: bundle,
    NODE_EXTRA_CA_CERTS: bundle,
    NODE_USE_SYSTEM_CA: '1',
    NPM_CONFIG_CAFILE: bundle,
    YARN_HTTPS_CA_FILE_PATH: bundle,
    CARGO_HTTP_CAINFO: bundle,
    UV_NATIVE_TLS: '1',
    AWS_CA_BUNDLE: bundle,
    DENO_CERT: bundle,
    DENO_TLS_CA_STORE: 'system',
    HTTPLIB2_CA_CERTS: bundle,
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: bundle,
    // A JDK that Debian has not packaged brings roots of its own. Every JVM says on stderr that it has read this.
    JAVA_TOOL_OPTIONS: `-Djavax.net.ssl.trustStore=${INSIDE.javaStore}`,
  };
}
