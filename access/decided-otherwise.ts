/** Rules that let through what another rule decided before. */
import type { ScopeKey } from '../contracts/scope.ts';
import { covers, meets, type Piece } from './reach-pieces.ts';

/** A rule in the order in which rules are compared. */
export interface OrderedPiece {
  readonly piece: Piece;
  /** The scope to which it is attached. */
  readonly scope: ScopeKey;
  readonly from: 'connection' | 'domain';
  readonly denies: boolean;
}

export interface DecidedOtherwise<Item extends OrderedPiece> {
  readonly item: Item;
  /** What decided before. */
  readonly before: Piece;
}

/**
 * The rules of `now` that allow no more than a rule of `was` allowed, and that decide where something came before that rule then, and
 * does not come before them now. Something comes before a rule that is compared earlier, and something of a connection hides the
 * connections of broader scopes as well.
 *
 * A rule may be attached to several scopes. It decides as before when one rule that covers it had nothing before it that is gone.
 *
 * @param freed denials that are gone, and are told as that
 */
export function decidedOtherwise<Item extends OrderedPiece>(
  now: readonly Item[],
  was: readonly OrderedPiece[],
  freed: ReadonlySet<Piece>,
): DecidedOtherwise<Item>[] {
  const seen = new Set<Piece>();
  // Both lists are walked together. Most rules are in both, in the same order; what `was` alone has on the way is displaced.
  const displaced: OrderedPiece[] = [];
  let next = 0;
  return now.flatMap((item, index) => {
    const place = placeFrom(next, was, item);
    if (place >= 0) {
      displaced.push(...was.slice(next, place));
      next = place + 1;
    }
    if (item.denies) return [];
    const placed = { item, index, now };
    // All else that came before the same rule then comes before it now.
    if (place >= 0 && goneBefore(placed, was[place] as OrderedPiece, displaced, freed) === null) return [];
    const before = cameBefore(placed, was, freed);
    if (before === null || seen.has(item.piece)) return [];
    seen.add(item.piece);
    return [{ item, before }];
  });
}

/** Where the same rule of the same scope is, from one place on. -1: nowhere. */
function placeFrom(from: number, rules: readonly OrderedPiece[], { piece, scope }: OrderedPiece): number {
  for (let place = from; place < rules.length; place += 1) {
    const each = rules[place] as OrderedPiece;
    if (each.piece === piece && each.scope === scope) return place;
  }
  return -1;
}

/** A rule of the list that is compared, and where it is in it. */
interface Placed {
  readonly item: OrderedPiece;
  readonly index: number;
  readonly now: readonly OrderedPiece[];
}

/** What came before every rule of `was` that covers the placed one. Null: before one of them nothing did that does not now. */
function cameBefore(placed: Placed, was: readonly OrderedPiece[], freed: ReadonlySet<Piece>): Piece | null {
  const { piece } = placed.item;
  let first: Piece | null = null;
  for (const [index, covering] of was.entries()) {
    if (covering.denies || (covering.piece !== piece && !covers(covering.piece, piece))) continue;
    const gone = goneBefore(placed, covering, was.slice(0, index), freed);
    if (gone === null) return null;
    first ??= gone;
  }
  return first;
}

/** The first of what came before a rule that covers the placed one, and does not come before the placed one now. */
function goneBefore(
  placed: Placed,
  covering: OrderedPiece,
  earlier: readonly OrderedPiece[],
  freed: ReadonlySet<Piece>,
): Piece | null {
  const gone = earlier.find(
    (other) =>
      isBefore(other, { covering, item: placed.item }) &&
      !freed.has(other.piece) &&
      !isStillBefore(other, placed, covering),
  );
  return gone?.piece ?? null;
}

function isBefore(other: OrderedPiece, { covering, item }: { covering: OrderedPiece; item: OrderedPiece }): boolean {
  return other.piece !== covering.piece && other.piece !== item.piece && meets(other.piece, item.piece);
}

function isStillBefore(other: OrderedPiece, { item, index, now }: Placed, covering: OrderedPiece): boolean {
  const hid = hides(other, covering);
  return now.some(
    (each, at) =>
      at < index &&
      (each.piece === other.piece || (each.denies && other.denies && covers(each.piece, other.piece))) &&
      (!hid || hides(each, item)),
  );
}

function hides(one: OrderedPiece, other: OrderedPiece): boolean {
  return one.from === 'connection' && other.from === 'connection' && one.scope !== other.scope;
}
