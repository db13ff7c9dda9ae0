import { decide } from '../../access/decide.ts';
import type { AccessDocument } from '../../access/document.ts';
import { effectiveAccess, indexAccess } from '../../access/effective-access.ts';
import { parseAccessFile } from '../../access/parse-file/parse-access-file.ts';
import { resolveFile } from '../../access/resolve-file.ts';
import { planFile } from '../../cli/plan/plan-file.ts';
import type { Database } from '../../store/database.ts';
import { storePolicy } from '../../store/policy.ts';
import { createTestDatabase } from '../../test/support/database.ts';
import type { Bench } from '../bench.ts';
import { type BigFile, bigFile } from './big-file.ts';

const CHANNELS = 10_000;
const BUNDLES = 500;
const DECISIONS = 10_000;
const NOW = new Date();

/** What decisions and plans cost in a large installation. */
export const access: Bench = {
  name: 'access',
  what: `decisions, effective access and plans with ${CHANNELS} channels and ${BUNDLES} bundles`,
  async run(stage) {
    const before = bigFile({ channels: CHANNELS, bundles: BUNDLES });
    const document = documentOf(before);
    const samples = { decision: [] as number[], effective: [] as number[], plan: [] as number[] };
    const index = indexAccess(document);
    // Until the functions are compiled, they are slow, as for the first requests of a process.
    for (let round = -2; round < stage.rounds(20); round += 1) {
      const took = decisions(document, before, index);
      if (round >= 0) samples.decision.push(took[Math.floor(took.length * 0.99)] ?? 0);
    }
    for (let round = 0; round < stage.rounds(20); round += 1) {
      const scope = document.scopes[(round * 7919) % document.scopes.length]?.scope ?? 'organization';
      samples.effective.push(milliseconds(() => effectiveAccess(document, scope)));
    }
    await using database = await createTestDatabase();
    await saveChannels(database.database, before);
    await storePolicy(database.database, { document, source: before.text, appliedBy: 'bench' });
    // Every channel reaches more, which is the most that a plan has to say.
    const { text } = bigFile({ channels: CHANNELS, bundles: BUNDLES, everywhere: '[GET, PUT]' });
    for (let round = 0; round < stage.rounds(3); round += 1) {
      const began = performance.now();
      const plan = await planFile({
        database: database.database,
        file: 'bellhop.yaml',
        text,
        now: NOW,
        replaySince: null,
      });
      samples.plan.push((performance.now() - began) / 1000);
      if (plan.reach.length < CHANNELS) throw new Error(`the plan names ${plan.reach.length} scopes only`);
    }
    return [
      { what: `p99 of ${DECISIONS} decisions`, unit: 'µs', samples: samples.decision, bar: 20 },
      { what: 'effective access of a channel', unit: 'ms', samples: samples.effective, read: 'p95', bar: 50 },
      { what: 'a plan by which every channel reaches more', unit: 's', samples: samples.plan, bar: 5 },
    ];
  },
};

/** Times in microseconds, sorted. Each decision is for another channel and another host, as the proxy takes it. */
function decisions({ scopes }: AccessDocument, { hosts }: BigFile, index: ReturnType<typeof indexAccess>): number[] {
  const took: number[] = [];
  for (let number = 0; number < DECISIONS; number += 1) {
    const scope = scopes[(number * 7919) % scopes.length]?.scope ?? 'organization';
    const host = hosts[(number * 104_729) % hosts.length] ?? '';
    const request = { method: 'GET', scheme: 'https', host, port: 443, path: '/v1/customers/17' } as const;
    took.push(milliseconds(() => decide(request, index.accessTo(host, scope))) * 1_000);
  }
  return took.sort((a, b) => a - b);
}

function milliseconds(act: () => unknown): number {
  const began = performance.now();
  act();
  return performance.now() - began;
}

function documentOf({ text, channels }: BigFile): AccessDocument {
  const parsed = parseAccessFile(text, NOW);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems.slice(0, 3)));
  const { file } = parsed;
  const resolved = resolveFile(
    file,
    channels.map((channel) => ({ ...channel, seenAt: NOW })),
  );
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems.slice(0, 3)));
  const { bundles, guardrails, repositoryGuardrails } = file;
  const connections = file.connections.map(({ source: _source, caFile: _caFile, line: _line, ...connection }) => ({
    ...connection,
    ca: null,
    credentialVersion: 1,
  }));
  return { version: 1, bundles, connections, guardrails, repositoryGuardrails, scopes: resolved.scopes };
}

async function saveChannels(db: Database, { channels }: BigFile): Promise<void> {
  await db.query(
    `insert into channel (team, id, name, kind, external)
     select team, id, name, 'public', false from unnest($1::text[], $2::text[], $3::text[]) as c (team, id, name)`,
    [channels.map(({ team }) => team), channels.map(({ id }) => id), channels.map(({ name }) => name)],
  );
}
