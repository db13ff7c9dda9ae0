/**
 * What a new document lets a scope reach that the old one did not. `bellhop plan` shows it first, because that is what a
 * reviewer has to agree to.
 */
import { channelScope, groupDmScope, type ScopeKey, scopeKind } from '../contracts/scope.ts';
import { decidedOtherwise } from './decided-otherwise.ts';
import type { AccessDocument } from './document.ts';
import { indexAccess } from './effective-access.ts';
import { covers, createPieces, meets, standsAlone } from './reach-pieces.ts';
import { originOf } from './rule-match.ts';
import { type Held, type Reach, reachOf } from './scope-reach.ts';

export interface ReachItem {
  /** `GET https://api.acme.test/v1 with acme-readonly` */
  readonly what: string;
  /** `acme-data ← #platform-eng` */
  readonly origin: string;
  /** Line of the file that has it. 0 when that is not known. */
  readonly line: number;
}

export interface ScopeReach {
  readonly scope: ScopeKey;
  readonly label: string;
  readonly gained: readonly ReachItem[];
  readonly lost: readonly ReachItem[];
}

/**
 * Compares what each scope may reach. A rule that one other rule covered before is no gain. A `deny` or a guardrail that is
 * gone is a gain, and so is a scope that is switched on. A rule is also a gain where another one decided before. It errs
 * to the safe side: a rule that only several others together covered before is shown as a gain.
 *
 * @returns scopes whose reach differs; those that gain come first
 */
export function compareReach(before: AccessDocument, after: AccessDocument): ScopeReach[] {
  const labels = new Map([...before.scopes, ...after.scopes].map(({ scope, label }) => [scope, label]));
  labels.set('organization', 'organization');
  for (const { team, channel, name } of [...(before.mixed ?? []), ...(after.mixed ?? [])]) {
    const scope = channelScope(team, channel);
    if (name !== '' && !labels.has(scope)) labels.set(scope, `#${name}`);
  }
  for (const [scope, label] of groupMessages([...labels.keys()])) labels.set(scope, label);
  const pieces = createPieces();
  const [old, now] = [indexAccess(before), indexAccess(after)];
  const changed = [...labels].flatMap(([scope, label]) => {
    const [was, is] = [reachOf(old.forAnybody(scope), pieces), reachOf(now.forAnybody(scope), pieces)];
    if (isSame(was.allowed, is.allowed) && isSame(was.denied, is.denied) && isSameOrder(was.order, is.order)) return [];
    const freed = noLongerDenied(is, was);
    const gained = [...beyond(is, was, freed, GAINED), ...otherwiseDecided(is, was, freed)];
    const lost = beyond(was, is, noLongerDenied(was, is), LOST);
    return gained.length + lost.length === 0 ? [] : [{ scope, label, gained, lost }];
  });
  return changed.sort((a, b) => Number(b.gained.length > 0) - Number(a.gained.length > 0));
}

/** A scope that stands for every group message of a workspace that is named, and one for those of all others. */
function groupMessages(scopes: readonly ScopeKey[]): [ScopeKey, string][] {
  const teams = scopes.filter((scope) => scopeKind(scope) === 'workspace').map((scope) => scope.split(':')[1] ?? '');
  const named = teams.map((team): [ScopeKey, string] => [groupDmScope(team, '*'), `group messages of ${team}`]);
  return [...named, [groupDmScope('*', '*'), 'group messages']];
}

/** Both have the same pieces in the same order. */
function isSame(one: readonly Held[], other: readonly Held[]): boolean {
  return one.length === other.length && one.every(({ piece }, index) => piece === other[index]?.piece);
}

function isSameOrder(one: Reach['order'], other: Reach['order']): boolean {
  return isSame(one, other) && one.every(({ scope }, index) => scope === other[index]?.scope);
}

/** What is said of something that only the other document forbids, and whether that one is the file. */
interface Telling {
  readonly words: string;
  /** Lines of what is of the document in force are of another file. */
  readonly otherIsNew: boolean;
}

const GAINED: Telling = { words: 'no longer', otherIsNew: false };
const LOST: Telling = { words: 'from now on', otherIsNew: true };

function textOf(origin: Held['origin']): string {
  return typeof origin === 'string' ? origin : originOf({ origin });
}

/**
 * What `one` reaches beyond `other`: allowed pieces that nothing covers there, and what `other` forbids of it and `one` does not.
 * A connection's denial that is gone together with everything that it was for changes nothing.
 *
 * @param freed what `other` forbids and `one` does not
 */
function beyond(one: Reach, other: Reach, freed: readonly Held[], { words, otherIsNew }: Telling): ReachItem[] {
  const more = notCovered(one.allowed, other.allowed);
  const itemOf = ({ piece, origin, line }: Held, isNew: boolean, said = ''): ReachItem => ({
    what: `${said}${piece.what}`,
    origin: textOf(origin),
    line: isNew ? line : 0,
  });
  const items = [
    ...more.map((held) => itemOf(held, !otherIsNew)),
    ...freed.map((held) => itemOf(held, otherIsNew, `${words}: `)),
  ];
  // A forge's connection has one such denial for each of its hosts, in the same words.
  const seen = new Set<string>();
  return items.filter(({ what }) => !seen.has(what) && seen.add(what));
}

/** What `other` forbids and `one` does not, as far as `one` reaches something that it is about. */
function noLongerDenied(one: Reach, other: Reach): readonly Held[] {
  // A scope that reached nothing before has everything as a gain already, and one that reaches nothing gains nothing.
  if (one.allowed.length === 0 || other.allowed.length === 0) return [];
  return notCovered(other.denied, one.denied).filter(
    ({ piece }) => standsAlone(piece) || one.allowed.some((held) => meets(held.piece, piece)),
  );
}

/** Such a rule may attach a credential, or let through what a denial came before. */
function otherwiseDecided(is: Reach, was: Reach, freed: readonly Held[]): ReachItem[] {
  const gone = new Set(freed.map(({ piece }) => piece));
  return decidedOtherwise(is.order, was.order, gone).map(({ item: { piece, origin, line }, before }) => ({
    what: `${piece.what}, where ${before.what} decided before`,
    origin: textOf(origin),
    line,
  }));
}

function notCovered(some: readonly Held[], others: readonly Held[]): readonly Held[] {
  if (isSame(some, others)) return [];
  const known = new Set(others.map(({ piece }) => piece));
  return some.filter(({ piece }) => !known.has(piece) && !others.some((each) => covers(each.piece, piece)));
}
