/** Decisions as sentences. People read them in the thread, in the console, in `bellhop why` and in refused answers. */
import { scopeKind } from '../contracts/scope.ts';
import type { Decision, EffectiveAccess, EffectiveRule, JudgedRequest } from './decision.ts';
import type { Guardrail, ToolGuardrail } from './document.ts';
import type { OutsiderVerdict } from './outsiders.ts';
import { originOf, ruleId } from './rule-match.ts';

const MAX_PATH = 200;

/** For an injected request: the rule, and where it is attached. */
export function injectedReason(rule: EffectiveRule): string {
  return `Let through with a credential: ${chain(rule)}.`;
}

/** For a forwarded request, by a domain entry or by a rule that forwards. */
export function forwardedReason(rule: EffectiveRule): string {
  return `Let through without a credential: ${chain(rule)}.`;
}

/** For a rule with `deny`. */
export function deniedReason(rule: EffectiveRule, { method, host, path }: JudgedRequest): string {
  return `A rule of the connection forbids ${method} ${host}${shortened(path)}: ${chain(rule)}.`;
}

/** For a guardrail on hosts, with the reason that its file gives. */
export function guardrailReason(guardrail: Guardrail, { host }: JudgedRequest): string {
  const why = guardrail.reason === '' ? '' : ` ${guardrail.reason.replace(/\.?$/, '.')}`;
  return `The organization's guardrail ${guardrail.id} blocks ${host} everywhere.${why}`;
}

/** For a guardrail on tools of MCP servers. `tool` is written with its server: `linear-tools.create_issue`. */
export function toolGuardrailReason(guardrail: ToolGuardrail, tool: string): string {
  const why = guardrail.reason === '' ? '' : ` ${guardrail.reason.replace(/\.?$/, '.')}`;
  return `The organization's guardrail ${guardrail.id} forbids ${tool} everywhere.${why}`;
}

/** For the nearest rule, which allows other paths. */
export function pathReason(rule: EffectiveRule, { path }: JudgedRequest): string {
  return `The path ${shortened(path)} is not covered: ${chain(rule)} allows ${rule.match.paths.join(', ')}.`;
}

/** For the nearest rule, which allows other methods. */
export function methodReason(rule: EffectiveRule, { method }: JudgedRequest): string {
  return `${method} is not covered: ${chain(rule)} allows ${rule.match.methods.join(', ')}.`;
}

/** For the nearest rule, which allows another scheme or port. */
export function portReason(rule: EffectiveRule, { scheme, host, port }: JudgedRequest): string {
  const { match } = rule;
  return `${scheme} to ${host} on port ${port} is not covered: ${chain(rule)} allows ${match.scheme} on port ${match.port}.`;
}

/** For an http request where the nearest rule would attach a credential. */
export function cleartextReason(rule: EffectiveRule, { host }: JudgedRequest): string {
  return `A credential never travels in clear text: ask ${host} by https. Nearest: ${chain(rule)}.`;
}

/** For a host that no rule is for. */
export function notAllowedReason({ host }: JudgedRequest, access: EffectiveAccess): string {
  return `Nothing attached to ${whose(access)} allows ${host}.`;
}

/** The decision on every request of a scope that is switched off. */
export function switchedOff(access: EffectiveAccess): Decision {
  const reason = isRefusedForOutsiders(access)
    ? `${OUTSIDERS[access.outsiders.because]}, so nothing may be reached from here.`
    : `Access is switched off for ${whose(access)}.`;
  return { outcome: 'blocked', code: 'disabled', rule: null, denied: null, reason };
}

/** For people and models alike. */
const OUTSIDERS = {
  guests: 'Guests are in this channel',
  'shared-channel': 'This channel is shared with another organization',
} as const;

function isRefusedForOutsiders(
  access: EffectiveAccess,
): access is EffectiveAccess & { readonly outsiders: OutsiderVerdict } {
  return access.outsiders?.rule === 'refuse';
}

/** Says what outsiders in the channel change. Null: nothing. */
export function outsidersSentence({ outsiders }: Pick<EffectiveAccess, 'outsiders'>): string | null {
  if (!outsiders) return null;
  const setting = outsiders.because === 'guests' ? 'guests' : 'shared-channels';
  const effect = {
    refuse: 'so the agent does nothing here',
    'channel-only': 'so only what is attached to this very channel counts',
    allow: 'and everything attached counts all the same',
  }[outsiders.rule];
  return `${OUTSIDERS[outsiders.because]}, ${effect} (\`${setting}: ${outsiders.rule}\`).`;
}

/** Long paths are cut. The event has the whole path in a field of its own. */
function shortened(path: string): string {
  return path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}…` : path;
}

/** `acme-readonly ← acme-data ← #platform-eng`. */
function chain(rule: EffectiveRule): string {
  return `${ruleId(rule)} ← ${originOf(rule)}`;
}

function whose({ scope }: EffectiveAccess): string {
  switch (scopeKind(scope)) {
    case 'organization':
      return 'the organization';
    case 'workspace':
      return 'this workspace or the organization';
    case 'channel':
      return 'this channel, its workspace or the organization';
    case 'group-dm':
      return 'this group conversation, its workspace or the organization';
    case 'person':
      return 'this person';
    case 'environment':
      return 'this environment';
  }
}
