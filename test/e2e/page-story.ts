import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import type { AccessDocument } from '../../access/document.ts';
import { effectiveAccess } from '../../access/effective-access.ts';
import type { EgressEvent } from '../../contracts/egress.ts';
import type { SessionId } from '../../contracts/ids.ts';
import { initialChannels } from '../../simulators/slack/world/channels.ts';
import { PEOPLE } from '../../simulators/slack/world/people.ts';
import { TEAM as SLACK_TEAM } from '../../simulators/slack/world/workspace.ts';
import { takeSnapshot } from '../../store/access-snapshots.ts';
import { storePolicy } from '../../store/policy.ts';
import { bundle, connection, domain } from '../support/access-document.ts';
import type { PageStage } from './page-stage.ts';

export const TEAM = SLACK_TEAM.id;
export const PLATFORM = initialChannels().find((channel) => channel.name === 'platform-eng')?.id ?? '';
export const ADA = PEOPLE.find((person) => person.name === 'ada')?.id ?? '';
export const GRACE = PEOPLE.find((person) => person.name === 'grace')?.id ?? '';

/** The access file of the demo, as it is stored; with `opened` also paste.acme.test is a domain entry. */
export function demoPolicy(version: number, opened = false): AccessDocument {
  const domains = ['api.acme.test', 'docs.acme.test', ...(opened ? ['paste.acme.test'] : [])].map((host) =>
    domain(host),
  );
  return {
    version,
    bundles: [bundle('public-web', { domains }), bundle('acme-data', { connections: ['acme-readonly'] })],
    connections: [connection('acme-readonly', 'api.acme.test', { methods: ['GET'] })],
    guardrails: [],
    repositoryGuardrails: [],
    scopes: [
      { scope: 'organization', label: 'organization', enabled: true, bundles: ['public-web'], instructions: '' },
      {
        scope: `channel:${TEAM}:${PLATFORM}`,
        label: '#platform-eng',
        enabled: true,
        bundles: ['acme-data'],
        instructions: '',
      },
    ],
  };
}

export async function applyPolicy(stage: PageStage, document: AccessDocument): Promise<void> {
  await storePolicy(stage.test.database, { document, source: '', appliedBy: 'test' });
}

/** Writes into the database what the workers write about a turn with one request of each outcome. */
export async function playTurn(stage: PageStage, threadTs: string, turn = 1): Promise<SessionId> {
  const db = stage.test.database;
  const session: SessionId = `slack:${TEAM}:${PLATFORM}:${threadTs}`;
  const scope = `channel:${TEAM}:${PLATFORM}` as const;
  await db.query(
    `insert into session (id, team, channel, thread_ts, scope, principal) values ($1, $2, $3, $4, $5, $6)
     on conflict do nothing`,
    [session, TEAM, PLATFORM, threadTs, scope, `agent@${scope}`],
  );
  await db.query(
    `insert into turn (session, number, claim, requester, started_at) values ($1, $2, $3, $4, now() - interval '5 s')`,
    [session, turn, randomUUID(), ADA],
  );
  await takeSnapshot(db, session, turn, effectiveAccess(demoPolicy(1), scope));
  await db.query(`update access_snapshot set taken_at = now() - interval '4.98 s' where session = $1 and turn = $2`, [
    session,
    turn,
  ]);
  await db.query(`update turn set sandbox_ready_at = now() - interval '3.9 s' where session = $1 and number = $2`, [
    session,
    turn,
  ]);
  await db.query(
    `insert into step (session, turn, number, kind, tool, state, exit_code, attempt, started_at, ended_at) values
       ($1, $2, 1, 'model', null, 'done', null, 1, now() - interval '4.9 s', now() - interval '4.6 s'),
       ($1, $2, 2, 'tool', 'bash', 'done', 0, 1, now() - interval '3.8 s', now() - interval '3.1 s'),
       ($1, $2, 3, 'model', null, 'done', null, 2, now() - interval '3 s', now() - interval '2.4 s'),
       ($1, $2, 4, 'tool', 'bash', 'done', 22, 1, now() - interval '2.3 s', null)`,
    [session, turn],
  );
  await db.query("update step set state = 'running' where session = $1 and turn = $2 and number = 4", [session, turn]);
  return session;
}

/** A request that really reaches acme, as the proxy would send it. */
export async function reachAcme(stage: PageStage, host: string, urlPath: string, token?: string): Promise<void> {
  const ca = await readFile(stage.acme.authorityPath);
  await new Promise<void>((resolve, reject) => {
    httpsRequest(
      {
        host: '127.0.0.1',
        port: stage.acme.port,
        servername: host,
        path: urlPath,
        ca,
        agent: false,
        headers: { host, ...(token && { authorization: `Bearer ${token}` }) },
      },
      (response) => response.resume().on('end', resolve),
    )
      .on('error', reject)
      .end();
  });
}

export async function recordEvent(
  stage: PageStage,
  session: SessionId,
  event: Pick<EgressEvent, 'outcome' | 'host' | 'path' | 'method' | 'code'> & Partial<EgressEvent>,
): Promise<string> {
  const id = randomUUID();
  const full = { turn: 1, reason: 'as the policy says', rule: null, bundle: null, ruleScope: null, ...event };
  await stage.test.database.query(
    `insert into egress_event (id, at, sandbox, session, turn, principal, requester, scope, outcome, code, reason, rule,
       bundle, rule_scope, connection, method, scheme, host, port, path, status, bytes_out, bytes_in, duration_ms,
       transport, own_credentials)
     values ($1, now(), 'sb1', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'https', $15, 443, $16, $17,
       120, 640, 38, 'intercept', false)`,
    [
      id,
      session,
      full.turn,
      `agent@channel:${TEAM}:${PLATFORM}`,
      ADA,
      `channel:${TEAM}:${PLATFORM}`,
      full.outcome,
      full.code,
      full.reason,
      full.rule,
      full.bundle,
      full.ruleScope,
      full.outcome === 'injected' ? full.rule : null,
      full.method,
      full.host,
      full.path,
      full.status ?? (full.outcome === 'blocked' ? 403 : 200),
    ],
  );
  await stage.test.database.query("select pg_notify('bellhop_egress', $1)", [session]);
  return id;
}

/** One request of each outcome, the first two of them really received by acme. */
export async function playThreeOutcomes(stage: PageStage, session: SessionId): Promise<void> {
  await reachAcme(stage, 'api.acme.test', '/v1/signups', stage.acmeToken);
  await recordEvent(stage, session, {
    outcome: 'injected',
    code: 'connection',
    reason: 'Let through with a credential: acme-readonly ← acme-data ← #platform-eng.',
    method: 'GET',
    host: 'api.acme.test',
    path: '/v1/signups',
    rule: 'acme-readonly',
    bundle: 'acme-data',
    ruleScope: `channel:${TEAM}:${PLATFORM}`,
  });
  await reachAcme(stage, 'docs.acme.test', '/');
  await recordEvent(stage, session, {
    outcome: 'forwarded',
    code: 'domain_entry',
    reason: 'Let through without a credential: docs.acme.test ← public-web ← organization.',
    method: 'GET',
    host: 'docs.acme.test',
    path: '/',
    rule: 'docs.acme.test',
    bundle: 'public-web',
    ruleScope: 'organization',
  });
  await recordEvent(stage, session, {
    outcome: 'blocked',
    code: 'not_allowed',
    reason: 'Nothing attached to this channel, its workspace or the organization allows paste.acme.test.',
    method: 'POST',
    host: 'paste.acme.test',
    path: '/',
  });
}
