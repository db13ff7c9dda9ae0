import { isDeepStrictEqual } from 'node:util';
import type { AccessDocument } from './document.ts';

/** One entry that differs between two documents. */
export interface DocumentChange {
  readonly change: 'added' | 'changed' | 'removed';
  readonly kind:
    | 'scope'
    | 'pattern'
    | 'bundle'
    | 'connection'
    | 'guardrail'
    | 'environment'
    | 'registry'
    | 'model'
    | 'offer';
  /** The name for people: `#platform-eng`, `acme-data`. */
  readonly name: string;
}

interface Entry {
  readonly key: string;
  readonly name: string;
  readonly content: unknown;
}

/**
 * Lists the changes from one document to another: scopes, patterns of channels, bundles, connections, guardrails,
 * environments, mirrors of registries, models, then what people are offered. A rule that only moved to another line of the file is no change.
 */
export function compareDocuments(before: AccessDocument, after: AccessDocument): DocumentChange[] {
  return [
    ...compare('scope', scopesOf(before), scopesOf(after)),
    ...compare('pattern', patternsOf(before), patternsOf(after)),
    ...compare('bundle', entriesOf(before.bundles), entriesOf(after.bundles)),
    ...compare('connection', connectionsOf(before), connectionsOf(after)),
    ...compare('guardrail', guardrailsOf(before), guardrailsOf(after)),
    ...compare('environment', environmentsOf(before), environmentsOf(after)),
    ...compare('registry', mirrorsOf(before), mirrorsOf(after)),
    ...compare('model', modelsOf(before), modelsOf(after)),
    ...compare('offer', offersOf(before), offersOf(after)),
  ];
}

function compare(kind: DocumentChange['kind'], before: readonly Entry[], after: readonly Entry[]): DocumentChange[] {
  const old = new Map(before.map((entry) => [entry.key, entry]));
  const kept = new Set(after.map(({ key }) => key));
  const changes = after.map(({ key, name, content }): DocumentChange | null => {
    const known = old.get(key);
    if (!known) return { change: 'added', kind, name };
    return isDeepStrictEqual(withoutLines(known.content), withoutLines(content))
      ? null
      : { change: 'changed', kind, name };
  });
  const removed = before.filter(({ key }) => !kept.has(key));
  return [
    ...changes.filter((change) => change !== null),
    ...removed.map(({ name }): DocumentChange => ({ change: 'removed', kind, name })),
  ];
}

function withoutLines(content: unknown): unknown {
  if (Array.isArray(content)) return content.map(withoutLines);
  if (typeof content !== 'object' || content === null) return content;
  const kept = Object.entries(content).filter(([key]) => key !== 'line');
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutLines(value)]));
}

function scopesOf({ scopes }: AccessDocument): Entry[] {
  // Confirmed channels follow their pattern.
  const named = scopes.filter(({ pattern }) => pattern === undefined);
  return named.map(({ scope, label, ...content }) => ({ key: scope, name: label, content }));
}

function patternsOf({ patterns = [] }: AccessDocument): Entry[] {
  return patterns.map((each) => ({ key: each.pattern, name: each.pattern, content: each }));
}

function entriesOf(entries: readonly { readonly id: string }[]): Entry[] {
  return entries.map((entry) => ({ key: entry.id, name: entry.id, content: entry }));
}

function environmentsOf({ environments = [] }: AccessDocument): Entry[] {
  return environments.map((each) => ({ key: each.name, name: each.name, content: each }));
}

function mirrorsOf({ mirrors = {} }: AccessDocument): Entry[] {
  return Object.entries(mirrors).map(([name, content]) => ({ key: name, name, content }));
}

/** Models without the versions of their keys. `bellhop apply` reports new keys separately. */
function modelsOf({ models = [], people }: AccessDocument): Entry[] {
  return [
    ...models.map(({ keyVersion: _, ...content }) => ({ key: content.name, name: content.name, content })),
    // The slash keeps it apart from every model.
    ...(people?.models ? [{ key: '/people', name: 'choices of people', content: people.models }] : []),
  ];
}

function offersOf({ people }: AccessDocument): Entry[] {
  const inChannels =
    people?.inChannels === 'ask' ? [{ key: 'in-channels/', name: 'in-channels: ask', content: null }] : [];
  return [...(people?.offers ?? []).map((each) => ({ key: each.name, name: each.name, content: each })), ...inChannels];
}

function guardrailsOf({ guardrails, repositoryGuardrails, toolGuardrails = [] }: AccessDocument): Entry[] {
  return entriesOf([...guardrails, ...repositoryGuardrails, ...toolGuardrails]);
}

/** Connections without the versions of their credentials. `bellhop apply` reports new credentials separately. */
function connectionsOf({ connections }: AccessDocument): Entry[] {
  return connections.map(({ credentialVersion: _, retiring: __, ...content }) => ({
    key: content.id,
    name: content.id,
    content,
  }));
}
