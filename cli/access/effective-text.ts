import pc from 'picocolors';
import type { EffectiveAccess, EffectiveRule } from '../../access/decision.ts';
import type { Guardrail, RuleMatch } from '../../access/document.ts';
import { originOf, ruleId, ruleMatch } from '../../access/rule-match.ts';
import { columns } from '../columns.ts';
import type { NamedScope } from './find-scope.ts';

/** Effective access for people: every rule in the order in which it is asked, with its origin. */
export function effectiveText({ label, scope }: NamedScope, access: EffectiveAccess): string {
  const name = label === scope ? label : `${label} (${scope})`;
  const head = `${pc.bold(name)}, policy ${access.policyVersion}`;
  if (!access.enabled) return `${head}\n\nAccess is switched off here: everything is blocked.`;
  const rows = [...access.guardrails.map(guardrailRow), ...access.rules.map(ruleRow)];
  const rules = rows.length === 0 ? 'Everything is blocked.' : `${columns(rows)}\n\nEverything else is blocked.`;
  const instructions = access.instructions.map(({ origin, text }) => `${pc.dim(origin)}\n${text.replace(/^/gm, '  ')}`);
  return [head, rules, ...(instructions.length > 0 ? ['Instructions, broadest first:', ...instructions] : [])].join(
    '\n\n',
  );
}

function guardrailRow(guardrail: Guardrail): string[] {
  const where = `${methodsOf(guardrail)}${guardrail.host}${guardrail.port === null ? '' : `:${guardrail.port}`}`;
  return ['blocked', guardrail.id, `${where}${pathsOf(guardrail)}`, 'guardrail ← organization', guardrail.reason];
}

function ruleRow(rule: EffectiveRule): string[] {
  const match = ruleMatch(rule);
  const usual = match.port === (match.scheme === 'https' ? 443 : 80);
  const where = `${methodsOf(match)}${match.scheme}://${match.host}${usual ? '' : `:${match.port}`}${pathsOf(match)}`;
  return [rule.action === 'inject' ? 'injected' : 'forwarded', ruleId(rule), where, originOf(rule), notesOf(rule)];
}

function notesOf(rule: EffectiveRule): string {
  const { addresses } = ruleMatch(rule);
  const notes = addresses.map(({ range, port }) => `dialled at ${range}:${port}`);
  if (rule.action === 'inject') {
    notes.unshift(`${rule.connection.kind}, credential ${rule.connection.credentialVersion}`);
    if (rule.connection.priority !== 0) notes.push(`priority ${rule.connection.priority}`);
  } else {
    if (rule.domain.transport === 'tunnel') notes.push('blind tunnel');
    else if (rule.domain.ownCredentials !== 'strip') notes.push(`own credentials: ${rule.domain.ownCredentials}`);
    if (rule.domain.priority !== 0) notes.push(`priority ${rule.domain.priority}`);
  }
  return notes.join(', ');
}

function methodsOf({ methods }: Pick<RuleMatch, 'methods'>): string {
  return methods.length === 0 ? '' : `${methods.join(',')} `;
}

function pathsOf({ paths }: Pick<RuleMatch, 'paths'>): string {
  return paths.join(',');
}
