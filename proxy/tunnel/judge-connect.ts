import { decide } from '../../access/decide.ts';
import type { Decision, EffectiveAccess, EffectiveRule } from '../../access/decision.ts';
import { matchesHost } from '../../access/host-name.ts';
import { decideTunnel } from '../../access/tunnel.ts';
import type { Authority } from '../request/authority.ts';

/** What happens to a CONNECT. The requests inside are not known yet. */
export type ConnectVerdict =
  | { readonly way: 'tunnel'; readonly rule: EffectiveRule; readonly reason: string }
  | { readonly way: 'intercept' }
  | { readonly way: 'blocked'; readonly decision: Decision & { outcome: 'blocked' } };

/**
 * Judges a CONNECT. It is allowed when some request inside could be allowed; then each request inside is judged.
 * Otherwise it is blocked at once, with the reason that `decide` gives, and its name is never looked up.
 */
export function judgeConnect({ host, port }: Authority, access: EffectiveAccess): ConnectVerdict {
  const tunnel = decideTunnel(host, port, access);
  if (tunnel) return { way: 'tunnel', rule: tunnel.rule, reason: tunnel.reason };
  const probe = decide({ method: 'CONNECT', scheme: 'https', host, port, path: '/' }, access);
  if (probe.outcome !== 'blocked') return { way: 'intercept' };
  const forbidden = access.guardrails.some(
    (guardrail) =>
      matchesHost(guardrail.host, host) &&
      (guardrail.port ?? port) === port &&
      guardrail.methods.length === 0 &&
      guardrail.paths.length === 0,
  );
  // A rule behind a `deny` of everything allows nothing.
  const { denied } = probe;
  const isDenied = denied !== null && denied.match.methods.length === 0 && denied.match.paths.length === 0;
  const rules = isDenied ? access.rules.slice(0, access.rules.indexOf(denied)) : access.rules;
  const covered = rules.some(
    ({ action, match }) =>
      action !== 'deny' && matchesHost(match.host, host) && match.port === port && match.scheme === 'https',
  );
  return access.enabled && covered && !forbidden ? { way: 'intercept' } : { way: 'blocked', decision: probe };
}
