/**
 * What any program needs to run at all. Ports for metrics are off: tests run many processes of one name side by side. Sandboxes
 * have the base image, which is there before the tests begin; the full one has a test file of its own. Mirrors are those that a test names.
 */
export function plainEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR, DOCKER_HOST } = process.env;
  return {
    PATH,
    HOME,
    BELLHOP_METRICS_ADDRESS: 'off',
    BELLHOP_SANDBOX_TOOLS: 'base',
    BELLHOP_REGISTRY_MIRRORS: '{}',
    ...(TMPDIR && { TMPDIR }),
    ...(DOCKER_HOST && { DOCKER_HOST }),
  };
}
