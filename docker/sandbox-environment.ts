/** Where things are inside every sandbox. */
export const INSIDE = {
  folder: '/run/bellhop',
  caBundle: '/run/bellhop/ca.pem',
  javaStore: '/run/bellhop/java.p12',
  workspace: '/workspace',
  home: '/workspace/.home',
  proxy: 'http://127.0.0.1:3128',
} as const;

const NO_PROXY = 'localhost,127.0.0.1,::1';

/**
 * The environment of a sandbox. None of it is secret. Every tool has its own idea of where a proxy and certificates
 * are named; those that replace the system's roots get the full bundle, or hosts that are not intercepted would fail.
 */
export function sandboxEnvironment(options: { readonly javaStore: boolean }): Record<string, string> {
  return {
    HOME: INSIDE.home,
    USER: 'agent',
    LOGNAME: 'agent',
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    TMPDIR: '/tmp',
    PATH: `${INSIDE.home}/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    ...proxyVariables(),
    ...certificateVariables(),
    ...(options.javaStore ? javaVariables() : {}),
    GIT_TERMINAL_PROMPT: '0',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_ROOT_USER_ACTION: 'ignore',
    NPM_CONFIG_PREFIX: `${INSIDE.home}/.local`,
    NPM_CONFIG_UPDATE_NOTIFIER: 'false',
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
    CARGO_HTTP_CAINFO: bundle,
    UV_NATIVE_TLS: '1',
    AWS_CA_BUNDLE: bundle,
    DENO_CERT: bundle,
    DENO_TLS_CA_STORE: 'system',
    HTTPLIB2_CA_CERTS: bundle,
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: bundle,
  };
}

function javaVariables(): Record<string, string> {
  const flags = {
    'http.proxyHost': '127.0.0.1',
    'http.proxyPort': '3128',
    'https.proxyHost': '127.0.0.1',
    'https.proxyPort': '3128',
    'http.nonProxyHosts': 'localhost|127.*',
    'javax.net.ssl.trustStore': INSIDE.javaStore,
    'javax.net.ssl.trustStoreType': 'PKCS12',
    // The store holds certificates only; this is the password Java itself uses for such stores.
    'javax.net.ssl.trustStorePassword': 'changeit',
  };
  return {
    JAVA_TOOL_OPTIONS: Object.entries(flags)
      .map(([name, value]) => `-D${name}=${value}`)
      .join(' '),
  };
}
