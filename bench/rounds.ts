/** Peers of one comparison; each returns what one round of it took. */
export type Peers<Name extends string> = Readonly<Record<Name, (round: number) => Promise<number>>>;

export type Samples<Name extends string> = Readonly<Record<Name, number[]>>;

/**
 * Runs every peer once a round, the first of a round being the last of the round before: a machine that becomes
 * slower or faster meanwhile does so for all of them. The first `warmUp` rounds are not kept.
 */
export async function alternate<Name extends string>(
  peers: Peers<Name>,
  rounds: number,
  warmUp = 1,
): Promise<Samples<Name>> {
  const names = Object.keys(peers) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds + warmUp; round += 1) {
    const order = round % 2 === 0 ? names : names.toReversed();
    for (const name of order) {
      const took = await peers[name](round);
      if (round >= warmUp) samples[name].push(took);
    }
  }
  return samples;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
