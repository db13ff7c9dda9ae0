import tls, { type SecureContext } from 'node:tls';
import { systemRoots } from '../ca-bundle.ts';

/** What upstream certificates are verified against: the system's roots and the operator's own. No way to switch it off. */
export function createTrust(added: readonly string[]): SecureContext {
  return tls.createSecureContext({ ca: [...systemRoots(), ...added], minVersion: 'TLSv1.2' });
}
