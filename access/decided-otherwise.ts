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
  const same = commonBeginning(now, was);
  const seen = new Set<Piece>();
  return now.flatMap((item, index) => {
    // What comes before it is the same.
    if (index < same || item.denies) return [];
    const before = cameBefore({ item, earlier: now.slice(0, index) }, was, freed);
    if (before === null || seen.has(item.piece)) return [];
    seen.add(item.piece);
    return [{ item, before }];
  });
}

interface Placed {
  readonly item: OrderedPiece;
  readonly earlier: readonly OrderedPiece[];
}

/**
 * What came before every rule of `was` that covers the placed one. Null: before one of them nothing did that does not now. A plan asks this
 * for each pair of rules of each channel, so it goes by index and makes no lists.
 */
function cameBefore(placed: Placed, was: readonly OrderedPiece[], freed: ReadonlySet<Piece>): Piece | null {
  const { piece } = placed.item;
  let first: Piece | null = null;
  for (let index = 0; index < was.length; index += 1) {
    const covering = was[index] as OrderedPiece;
    if (covering.denies || (covering.piece !== piece && !covers(covering.piece, piece))) continue;
    const gone = goneBefore(placed, index, was, freed);
    if (gone === null) return null;
    first ??= gone;
  }
  return first;
}

/** The first of what came before the rule at `index` and does not come before the placed one now. */
function goneBefore(
  placed: Placed,
  index: number,
  was: readonly OrderedPiece[],
  freed: ReadonlySet<Piece>,
): Piece | null {
  const covering = was[index] as OrderedPiece;
  for (let at = 0; at < index; at += 1) {
    const other = was[at] as OrderedPiece;
    if (!isBefore(other, { covering, item: placed.item }) || freed.has(other.piece)) continue;
    if (!isStillBefore(other, placed, covering)) return other.piece;
  }
  return null;
}

function isBefore(other: OrderedPiece, { covering, item }: { covering: OrderedPiece; item: OrderedPiece }): boolean {
  return other.piece !== covering.piece && other.piece !== item.piece && meets(other.piece, item.piece);
}

function isStillBefore(other: OrderedPiece, { item, earlier }: Placed, covering: OrderedPiece): boolean {
  const hid = hides(other, covering);
  return earlier.some(
    (each) =>
      (each.piece === other.piece || (each.denies && other.denies && covers(each.piece, other.piece))) &&
      (!hid || hides(each, item)),
  );
}

function hides(one: OrderedPiece, other: OrderedPiece): boolean {
  return one.from === 'connection' && other.from === 'connection' && one.scope !== other.scope;
}

/** How many places from the first on have the same rule of the same scope. */
function commonBeginning(now: readonly OrderedPiece[], was: readonly OrderedPiece[]): number {
  const different = now.findIndex(
    ({ piece, scope }, index) => piece !== was[index]?.piece || scope !== was[index]?.scope,
  );
  return different < 0 ? now.length : different;
}
