import { columns } from '../../access/columns.ts';
import { type Connection, NO_CREDENTIAL } from '../../access/document.ts';
import type { CredentialRecord } from '../../store/credentials.ts';

/** Every connection with the state of its credential, then stored versions that are only kept to be put back. */
export function credentialsText(
  connections: readonly Connection[],
  stored: readonly CredentialRecord[],
  now: Date,
): string {
  if (connections.length === 0) return 'No connection is in force.';
  return columns(
    connections.map(({ id, credential, credentialVersion, retiring }) => {
      const record = stored.find(({ connection, version }) => connection === id && version === credentialVersion);
      const notes = [
        record ? `since ${minute(record.createdAt)}` : '',
        record?.expiresAt ? expiryText(record.expiresAt, now) : '',
        retiring && Date.parse(retiring.until) > now.getTime()
          ? `version ${retiring.version} can be put back until ${minute(new Date(retiring.until))}`
          : '',
      ];
      return [
        id,
        credential.kind,
        stateText(credentialVersion, record !== undefined),
        notes.filter(Boolean).join(', '),
      ];
    }),
  );
}

/** `version 3`. A version that the document names and that is not stored is said to be missing. */
export function stateText(version: number, isStored: boolean): string {
  if (version === NO_CREDENTIAL) return 'no credential';
  return isStored ? `version ${version}` : `version ${version} is missing`;
}

/** `expires 2026-11-28 12:00 UTC`, or `EXPIRED` and when. */
export function expiryText(at: Date, now: Date): string {
  return at.getTime() <= now.getTime() ? `EXPIRED ${minute(at)}` : `expires ${minute(at)}`;
}

/** `2026-11-28 12:00 UTC`. */
export function minute(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
