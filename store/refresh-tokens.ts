import type { Queryable } from './database.ts';

/** One chain: a refresh token that was entered, and all that have replaced it. */
export interface RefreshChain {
  readonly connection: string;
  /** Keyed digest of the token that was entered. */
  readonly seed: string;
}

export interface StoredRefreshToken {
  /** How often the token was replaced. 0 is the token that was entered, which is in `credential`. */
  readonly generation: number;
  readonly sealed: Buffer | null;
}

/**
 * Takes a chain for `holdMs`, so that nobody else sends its newest refresh token. Two claims at once wait for each
 * other at the row, and the second one finds it held.
 *
 * @returns the newest refresh token, or null when another holder has the chain
 */
export async function claimRefreshToken(
  db: Queryable,
  { connection, seed }: RefreshChain,
  holder: string,
  holdMs: number,
): Promise<StoredRefreshToken | null> {
  const { rows } = await db.query<StoredRefreshToken>(
    `insert into refresh_token as kept (connection, seed, holder, held_until)
     values ($1, $2, $3, clock_timestamp() + $4 * interval '1 ms')
     on conflict (connection, seed) do update
       set holder = excluded.holder, held_until = excluded.held_until, used_at = excluded.used_at
       where kept.held_until is null or kept.held_until < clock_timestamp()
     returning generation, sealed`,
    [connection, seed, holder, holdMs],
  );
  return rows[0] ?? null;
}

/**
 * Stores the next refresh token of a chain and releases the chain. The generation is the fence: it is stored only if
 * nobody has stored a newer one meanwhile, whoever holds the chain now.
 *
 * @returns false when `generation` is not the newest any more
 */
export async function replaceRefreshToken(
  db: Queryable,
  { connection, seed }: RefreshChain,
  generation: number,
  next: { readonly keyId: string; readonly sealed: Buffer },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update refresh_token set generation = generation + 1, key_id = $4, sealed = $5, holder = null, held_until = null
     where connection = $1 and seed = $2 and generation = $3`,
    [connection, seed, generation, next.keyId, next.sealed],
  );
  return rowCount === 1;
}

/** Releases a chain, unless another holder has it by now. */
export async function releaseRefreshToken(
  db: Queryable,
  { connection, seed }: RefreshChain,
  holder: string,
): Promise<void> {
  await db.query(
    `update refresh_token set holder = null, held_until = null
     where connection = $1 and seed = $2 and holder = $3`,
    [connection, seed, holder],
  );
}
