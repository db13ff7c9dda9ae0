import type { AccessRuleView, AccessView, Identity } from '../../contract/thread.ts';

/** `Reaches api.acme.test with a credential, docs.acme.test without`; a host that has both is named once. */
export function reachInWords({ enabled, rules: all, servers }: AccessView): string {
  const rules = all.filter(({ action }) => action !== 'deny');
  if (!enabled) return 'Bellhop is switched off here';
  if (rules.length + servers.length === 0) return 'Reaches nothing: no access is attached here';
  const injected = hosts(rules.filter(({ action }) => action === 'inject'));
  const forwarded = hosts(rules).filter((host) => !injected.includes(host));
  const parts = [
    injected.length > 0 ? `${injected.join(', ')} with a credential` : null,
    forwarded.length > 0 ? `${forwarded.join(', ')} without ${injected.length > 0 ? 'one' : 'a credential'}` : null,
    servers.length > 0 ? `tools of ${servers.join(', ')}` : null,
  ];
  const common =
    servers.length === 0 && rules.every(({ everywhere }) => everywhere) ? '; the organization’s access, no more' : '';
  return `Reaches ${parts.filter((part) => part !== null).join(', ')}${common}`;
}

/** `Acts as itself, no matter who asks.`, or as whom and with what of theirs. */
export function identityInWords(identity: Identity, nameOf: (person: string) => string): string {
  if (identity.as === 'agent') return 'Acts as itself, no matter who asks.';
  const { person, own, ofThread } = identity;
  const whom = `${ofThread ? 'the person who begins a thread: here ' : ''}${nameOf(person)}`;
  return `Acts as ${whom}, ${own.length > 0 ? `with their own ${own.join(', ')}` : 'who has connected nothing yet'}.`;
}

function hosts(rules: readonly AccessRuleView[]): string[] {
  return [...new Set(rules.map(({ host }) => host))];
}
