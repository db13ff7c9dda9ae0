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

/** What came before every rule of `was` that covers the placed one. Null: before one of them nothing did that does not now. */
function cameBefore(placed: Placed, was: readonly OrderedPiece[], freed: ReadonlySet<Piece>): Piece | null {
  const { item } = placed;
  let first: Piece | null = null;
  for (const [index, covering] of was.entries()) {
    if (covering.denies || (covering.piece !== item.piece && !covers(covering.piece, item.piece))) continue;
    const gone = was
      .slice(0, index)
      .find(
        (other) =>
          isBefore(other, { covering, item }) && !freed.has(other.piece) && !isStillBefore(other, placed, covering),
      );
    if (!gone) return null;
    first ??= gone.piece;
  }
  return first;
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
