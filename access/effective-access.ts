import { type ScopeKey, scopeChain } from '../contracts/scope.ts';
import type { EffectiveAccess, EffectiveRule, Origin } from './decision.ts';
import type { AccessDocument, Bundle, ScopeAccess } from './document.ts';

/**
 * What a scope really has: its own bundles, then those of its workspace and of the organization, every item with its
 * origin. A channel that the document does not name has the organization's access. A person's scope has only what is
 * attached to that person; guardrails hold for everybody.
 */
export function effectiveAccess(document: AccessDocument, scope: ScopeKey): EffectiveAccess {
  const chain = scopeChain(scope).map((key) => scopeAccess(document, key));
  const organization = scopeAccess(document, 'organization');
  return {
    scope,
    policyVersion: document.version,
    // Switching the organization off switches everybody off, also those who have none of its access.
    enabled: organization.enabled && chain.every((each) => each.enabled),
    guardrails: document.guardrails,
    rules: chain.flatMap((each) => attachedRules(document, each)),
    instructions: chain.toReversed().flatMap((each) => instructionsOf(each, document.bundles)),
  };
}

/** The scope as the document has it, or the plain scope that nothing is attached to. */
function scopeAccess(document: AccessDocument, scope: ScopeKey): ScopeAccess {
  const found = document.scopes.find((each) => each.scope === scope);
  return found ?? { scope, label: scope, enabled: true, bundles: [], instructions: '' };
}

/** The rules of one scope, highest priority first; equal ones do not overlap, so that their order decides nothing. */
export function attachedRules(
  document: Pick<AccessDocument, 'bundles' | 'connections'>,
  { scope, label, bundles: attached }: Pick<ScopeAccess, 'scope' | 'label' | 'bundles'>,
): EffectiveRule[] {
  const rules: EffectiveRule[] = [];
  const seen = new Set<string>();
  for (const id of attached) {
    const origin: Origin = { scope, scopeLabel: label, bundle: id };
    const bundle = document.bundles.find((each) => each.id === id);
    for (const name of bundle?.connections ?? []) {
      const connection = document.connections.find((each) => each.id === name);
      // Two bundles of one scope may share a connection: it is one rule.
      if (!connection || seen.has(name)) continue;
      seen.add(name);
      rules.push({ action: 'inject', connection, origin });
    }
    for (const domain of bundle?.domains ?? []) rules.push({ action: 'forward', domain, origin });
  }
  return rules.sort((a, b) => priorityOf(b) - priorityOf(a) || order(a) - order(b));
}

function priorityOf(rule: EffectiveRule): number {
  return rule.action === 'inject' ? rule.connection.priority : rule.domain.priority;
}

function order(rule: EffectiveRule): number {
  return rule.action === 'inject' ? 0 : 1;
}

function instructionsOf(scope: ScopeAccess, bundles: readonly Bundle[]): EffectiveAccess['instructions'] {
  const own = { origin: scope.label, text: scope.instructions };
  const attached = scope.bundles.map((id) => ({
    origin: `${id} ← ${scope.label}`,
    text: bundles.find((bundle) => bundle.id === id)?.instructions ?? '',
  }));
  return [own, ...attached].filter(({ text }) => text.trim() !== '');
}
