import type pg from 'pg';
import type { Database } from '../../../../store/database.ts';

/** One statement that a function of the store has sent, as PostgreSQL carried it out. */
export interface Explained {
  readonly text: string;
  /** Time of the quickest of a few runs, triggers included, in milliseconds. */
  readonly ms: number;
  /** Pages of 8 kB that were read, in memory or not. */
  readonly pages: number;
  /** Tables that were read from end to end. */
  readonly scanned: readonly string[];
  /** The plan as PostgreSQL prints it. */
  readonly plan: string;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly 'Actual Rows': number;
  readonly 'Index Name'?: string;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Actual Total Time': number;
  readonly Plans?: readonly PlanNode[];
}

interface ExplainRow {
  readonly 'QUERY PLAN': readonly { readonly Plan: PlanNode; readonly 'Execution Time': number }[];
}

/** A slow run may be the fault of other work on the machine. A statement is slow when none of these runs was quick. */
const RUNS = 40;
const RUNS_WITHIN_MS = 2_000;
const CONTROL = /^\s*(begin|commit|rollback|set local|select set_config|select pg_advisory)/i;

/**
 * Calls `work` with a database that explains and carries out every statement, and takes back all that was changed.
 *
 * @param enoughMs a statement that was this quick is not run again
 */
export async function explaining(
  pool: pg.Pool,
  enoughMs: number,
  work: (database: Database) => Promise<unknown>,
): Promise<Explained[]> {
  const client = await pool.connect();
  const explained: Explained[] = [];

  async function query(given: string | pg.QueryConfig<unknown[]>, among: unknown[] = []): Promise<unknown> {
    const { name, text, values = [] } = typeof given === 'string' ? { text: given, values: among } : given;
    // A transaction of the function becomes a part of the one that is taken back.
    if (/^begin/i.test(text)) return client.query('savepoint inner_transaction');
    if (/^commit/i.test(text)) return client.query('release savepoint inner_transaction');
    if (/^rollback/i.test(text)) return client.query('rollback to savepoint inner_transaction');
    if (!CONTROL.test(text)) explained.push(await explain(client, { name, text, values }, enoughMs));
    return client.query(text, values);
  }

  const database = {
    query,
    wake: () => {},
    connect: async () => ({ query, release: () => {} }),
  } as unknown as Database;
  try {
    await client.query('begin');
    await work(database);
  } finally {
    await client.query('rollback');
    client.release();
  }
  return explained;
}

async function explain(
  client: pg.PoolClient,
  statement: pg.QueryConfig<unknown[]>,
  enoughMs: number,
): Promise<Explained> {
  const { text } = statement;
  let best: ExplainRow['QUERY PLAN'][0] | undefined;
  const until = performance.now() + RUNS_WITHIN_MS;
  for (let run = 0; run < RUNS && (best === undefined || best['Execution Time'] > enoughMs); run += 1) {
    if (best !== undefined && performance.now() > until) break;
    await client.query('savepoint explained');
    const rows = await plansOf(client, statement);
    await client.query('rollback to savepoint explained');
    const plan = rows[0]?.['QUERY PLAN'][0];
    if (plan && (best === undefined || plan['Execution Time'] < best['Execution Time'])) best = plan;
  }
  if (!best) throw new Error(`no plan of ${text}`);
  const nodes = nodesOf(best.Plan);
  return {
    text,
    ms: best['Execution Time'],
    pages: best.Plan['Shared Hit Blocks'] + best.Plan['Shared Read Blocks'],
    scanned: nodes.flatMap((node) =>
      node['Node Type'].endsWith('Seq Scan') && node['Relation Name'] ? [node['Relation Name']] : [],
    ),
    plan: shown(best.Plan),
  };
}

const EXPLAIN = 'explain (analyze, buffers, format json)';

/** A statement with a name keeps its plan, which then is made without its values. */
async function plansOf(client: pg.PoolClient, { name, text, values = [] }: pg.QueryConfig<unknown[]>) {
  if (name === undefined) return (await client.query<ExplainRow>(`${EXPLAIN} ${text}`, values)).rows;
  await client.query('set local plan_cache_mode = force_generic_plan');
  await client.query(`prepare ${name} as ${text}`);
  const literals = values.map((value) => client.escapeLiteral(String(value))).join(', ');
  const { rows } = await client.query<ExplainRow>(`${EXPLAIN} execute ${name} (${literals})`);
  await client.query(`deallocate ${name}`);
  return rows;
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

function shown(node: PlanNode, indent = ''): string {
  const of = [node['Index Name'] ?? node['Relation Name'] ?? ''];
  const removed = node['Rows Removed by Filter'] ? `, ${node['Rows Removed by Filter']} filtered` : '';
  const line = `${indent}${node['Node Type']} ${of} (${node['Actual Total Time']} ms, ${node['Actual Rows']} rows${removed})`;
  return [line, ...(node.Plans ?? []).map((each) => shown(each, `${indent}  `))].join('\n');
}
