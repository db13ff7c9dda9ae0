import type { AccessFile } from '../access-file.ts';
import { commonHost } from '../rule-overlap.ts';
import type { FileProblem } from './problem.ts';

/**
 * Warns of guardrails that turn blind tunnels into interception. A guardrail on methods or paths must see requests, so
 * the proxy opens every tunnel to its hosts (tunnel.ts), and clients that pin a certificate stop working.
 */
export function tunnelWarnings({ bundles, guardrails }: AccessFile): FileProblem[] {
  const tunnels = bundles.flatMap(({ domains }) => domains.filter(({ transport }) => transport === 'tunnel'));
  return guardrails.flatMap(({ id, host, port, methods, paths, line }) => {
    if (methods.length === 0 && paths.length === 0) return [];
    const opened = tunnels.filter((tunnel) => (port ?? tunnel.port) === tunnel.port && commonHost(host, tunnel.host));
    if (opened.length === 0) return [];
    const names = [...new Set(opened.map((tunnel) => tunnel.host))].join(', ');
    const message = `must see requests, so these tunnels are intercepted: ${names}`;
    return [{ line, field: `guardrails.${id}`, message }];
  });
}
