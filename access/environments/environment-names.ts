/** The grammar of the distribution project: a registry, a name, a tag, a digest. Names that end in nothing mean `latest`. */
export const IMAGE =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+|\/)[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

export const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/**
 * Variables that decide which programs and libraries are run, where the way out is and what is trusted. A sandbox has its own, and
 * the relay in it would take some of them as well.
 */
export const RESERVED =
  /^(?:LD_.*|GLIBC_TUNABLES|PATH|HOME|TMPDIR|SHELL|USER|LOGNAME|IFS|ENV|BASH_ENV|BASH_FUNC.*|PS4|PROMPT_COMMAND|.*_proxy|SSL_CERT_(?:FILE|DIR)|.*_CA_(?:BUNDLE|CERTS|FILE_PATH)|.*CAFILE|PIP_CERT|GIT_SSL_CAINFO|GIT_CONFIG.*|NODE_EXTRA_CA_CERTS|NODE_TLS_REJECT_UNAUTHORIZED|JAVA_TOOL_OPTIONS|BELLHOP_.*)$/i;
