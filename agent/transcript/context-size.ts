import type { TranscriptRow } from '../../store/transcript.ts';

/**
 * How many tokens a model call on these rows will send: what the provider counted at the last call, its answer, and an
 * estimate of what came after. A count from before the newest summary says nothing about the context after it.
 *
 * @param fixed tokens of system prompt and tools
 */
export function contextSize(rows: readonly TranscriptRow[], fixed: number): number {
  const summary = rows[0]?.role === 'summary' ? BigInt(rows[0].seq) : 0n;
  const counted = rows.findLastIndex(
    (row) => row.role === 'assistant' && row.content.by === undefined && BigInt(row.seq) > summary,
  );
  const last = rows[counted];
  const base = last?.role === 'assistant' ? last.content.usage.inputTokens + last.content.usage.outputTokens : fixed;
  return base + tokensOf(rows.slice(counted + 1));
}

/** Sum of what each row adds to a model's context. */
export function tokensOf(rows: readonly TranscriptRow[]): number {
  return rows.reduce((sum, row) => sum + row.tokens, 0);
}
