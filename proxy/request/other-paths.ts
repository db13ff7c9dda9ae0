import { headerKey } from '../../access/header-names.ts';
import { ruleId } from '../../access/rule-match.ts';
import { namesSource } from '../credentials/sigv4/named-objects.ts';
import { Refusal } from '../refusal.ts';
import type { AllowedDecision } from './outgoing.ts';
import type { RequestHead } from './request-head.ts';

/** Methods of WebDAV whose `Destination` names what is written (RFC 4918 9.8 and 9.9). OpenStack copies by them too. */
const TO_DESTINATION: ReadonlySet<string> = new Set(['COPY', 'MOVE']);
/** OpenStack Swift: what is copied to the path. */
const FROM = 'x-copy-from';

/**
 * Refuses a request in which a header names a second path, where the rules may keep something of the host back: rules judge the path
 * of a request, and a copy reads or writes another one. Requests that are signed for AWS are looked at where they are signed, which
 * knows their buckets (sigv4/named-objects.ts).
 *
 * @throws Refusal `path_not_allowed`
 */
export function checkOtherPaths(
  head: RequestHead,
  { rule, outcome }: AllowedDecision,
  isHeldBack: () => boolean,
): void {
  const isSigned = outcome === 'injected' && rule.connection.credential.kind === 'aws-sigv4';
  if (isSigned) return;
  const found = head.headers.find(([name]) => namesPath(head.method, name))?.[0];
  if (found === undefined || !isHeldBack()) return;
  const why = `The header ${found} names a second path, and the access rules keep something of this host back.`;
  const connection = outcome === 'injected' ? rule.connection.id : null;
  throw new Refusal('path_not_allowed', why, { rule: ruleId(rule), connection });
}

function namesPath(method: string, name: string): boolean {
  const key = headerKey(name);
  return namesSource(key) || key === FROM || (key === 'destination' && TO_DESTINATION.has(method));
}
