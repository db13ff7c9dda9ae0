import { z } from 'zod';
import { RETENTION_DAYS, RETENTION_KINDS, type Retention, type RetentionKind } from '../../store/retention.ts';

type RetentionVariable = `BELLHOP_KEEP_${Uppercase<RetentionKind>}_DAYS`;

/** After a gap the gateway looks for messages of the last month, and must know those that it has. */
const LEAST_DAYS: Partial<Record<RetentionKind, number>> = { inbox: 30 };

/** The variable that says for how many days a kind is kept: `BELLHOP_KEEP_EGRESS_DAYS`. */
export function retentionVariable(kind: RetentionKind): RetentionVariable {
  return `BELLHOP_KEEP_${kind.toUpperCase() as Uppercase<RetentionKind>}_DAYS`;
}

/** A number of days, or `forever`, for each kind. */
export const retentionVariables = Object.fromEntries(
  RETENTION_KINDS.map((kind) => [retentionVariable(kind), daysOf(kind)]),
) as Record<RetentionVariable, ReturnType<typeof daysOf>>;

function daysOf(kind: RetentionKind) {
  return z
    .union([z.literal('forever').transform(() => null), z.coerce.number().min(LEAST_DAYS[kind] ?? 1)], {
      error: `must be ${LEAST_DAYS[kind] ?? 1} days or more, or forever`,
    })
    .default(RETENTION_DAYS[kind]);
}

/** What the variables say, by kind. */
export function retentionOf(environment: Readonly<Record<RetentionVariable, number | null>>): Retention {
  const days = RETENTION_KINDS.map((kind) => [kind, environment[retentionVariable(kind)]] as const);
  return Object.fromEntries(days) as Record<RetentionKind, number | null>;
}
