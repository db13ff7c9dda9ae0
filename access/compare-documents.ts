import { isDeepStrictEqual } from 'node:util';
import type { AccessDocument } from './document.ts';

/** One entry that differs between two documents. */
export interface DocumentChange {
  readonly change: 'added' | 'changed' | 'removed';
  readonly kind: 'scope' | 'bundle' | 'connection' | 'guardrail';
  /** As people call it: `#platform-eng`, `acme-data`. */
  readonly name: string;
}

interface Entry {
  readonly key: string;
  readonly name: string;
  readonly content: unknown;
}

/** What one document changes in another, kind by kind in the order of the new one. */
export function compareDocuments(before: AccessDocument, after: AccessDocument): DocumentChange[] {
  return [
    ...compare('scope', scopesOf(before), scopesOf(after)),
    ...compare('bundle', entriesOf(before.bundles), entriesOf(after.bundles)),
    ...compare('connection', connectionsOf(before), connectionsOf(after)),
    ...compare('guardrail', entriesOf(before.guardrails), entriesOf(after.guardrails)),
  ];
}

function compare(kind: DocumentChange['kind'], before: readonly Entry[], after: readonly Entry[]): DocumentChange[] {
  const old = new Map(before.map((entry) => [entry.key, entry]));
  const kept = new Set(after.map(({ key }) => key));
  const changes = after.map(({ key, name, content }): DocumentChange | null => {
    const known = old.get(key);
    if (!known) return { change: 'added', kind, name };
    return isDeepStrictEqual(known.content, content) ? null : { change: 'changed', kind, name };
  });
  const removed = before.filter(({ key }) => !kept.has(key));
  return [
    ...changes.filter((change) => change !== null),
    ...removed.map(({ name }): DocumentChange => ({ change: 'removed', kind, name })),
  ];
}

function scopesOf({ scopes }: AccessDocument): Entry[] {
  return scopes.map(({ scope, label, ...content }) => ({ key: scope, name: label, content }));
}

function entriesOf(entries: readonly { readonly id: string }[]): Entry[] {
  return entries.map((entry) => ({ key: entry.id, name: entry.id, content: entry }));
}

/** Without the version: a new credential is told by whoever sealed it. */
function connectionsOf({ connections }: AccessDocument): Entry[] {
  return connections.map(({ credentialVersion: _, ...content }) => ({ key: content.id, name: content.id, content }));
}
