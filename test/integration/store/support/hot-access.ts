import { randomUUID } from 'node:crypto';
import * as clock from '../../../../store/clock.ts';
import * as commitOrigin from '../../../../store/commit-origin.ts';
import * as connectionUse from '../../../../store/connection-use.ts';
import * as credentials from '../../../../store/credentials.ts';
import * as egressEvents from '../../../../store/egress-events.ts';
import * as environments from '../../../../store/environments.ts';
import * as findWork from '../../../../store/find-work.ts';
import * as heldBack from '../../../../store/held-back.ts';
import * as mcpServers from '../../../../store/mcp-servers.ts';
import * as modelKeys from '../../../../store/model-keys.ts';
import * as ownServers from '../../../../store/own-servers.ts';
import * as ownUses from '../../../../store/own-uses.ts';
import * as personal from '../../../../store/personal-connections.ts';
import * as personalGrants from '../../../../store/personal-grants.ts';
import * as personalSettings from '../../../../store/personal-settings.ts';
import * as personalTests from '../../../../store/personal-tests.ts';
import * as personalTokens from '../../../../store/personal-tokens.ts';
import * as policy from '../../../../store/policy.ts';
import * as policyReader from '../../../../store/policy-reader.ts';
import * as refreshTokens from '../../../../store/refresh-tokens.ts';
import type { Call } from './hot-inputs.ts';
import { BUSY, BUSY_SANDBOX, BUSY_TURN } from './seed-million.ts';

const ADA = { team: 'T1', person: 'U1' };
const ATTEMPT = { team: 'T1', person: 'U7', connection: 'github', version: 7 };
const hotUse = { session: BUSY, turn: BUSY_TURN, person: 'U1', connection: 'github' };
const CHAIN = { connection: 'crm', seed: 's' };

function egressEvent() {
  return {
    id: randomUUID(),
    at: new Date().toISOString(),
    sandbox: BUSY_SANDBOX,
    session: BUSY,
    turn: BUSY_TURN,
    principal: null,
    requester: 'U1',
    scope: null,
    outcome: 'forwarded',
    code: 'domain_entry',
    reason: 'r',
    rule: null,
    bundle: null,
    ruleScope: null,
    connection: null,
    method: 'GET',
    scheme: 'https',
    host: 'pypi.test',
    port: 443,
    path: '/',
    status: 200,
    bytesOut: 1,
    bytesIn: 1,
    durationMs: 1,
    transport: 'intercept',
  } as const;
}

/** Calls of access, credentials and egress. */
export const ACCESS_CALLS: Readonly<Record<string, Call>> = {
  'commit-origin.commitOrigin': (db) => commitOrigin.commitOrigin(db, BUSY, BUSY_TURN),
  'clock.databaseTime': (db) => clock.databaseTime(db),
  'connection-use.connectionUses': (db) => connectionUse.connectionUses(db, ['crm', 'other']),
  'model-keys.sealedModelKey': (db) => modelKeys.sealedModelKey(db, 'large', 1),
  'credentials.sealedCredentials': (db) => credentials.sealedCredentials(db, new Map([['crm', 1]])),
  'egress-events.storeEgressEvents': (db) =>
    egressEvents.storeEgressEvents(db, Array.from({ length: 20 }, egressEvent)),
  'egress-events.egressCounts': (db) => egressEvents.egressCounts(db, BUSY, BUSY_TURN),
  'egress-events.egressEventsOf': (db) => egressEvents.egressEventsOf(db, BUSY, 300),
  'environments.appliedEnvironments': (db) => environments.appliedEnvironments(db),
  'find-work.findWork': (db) => findWork.findWork(db, { repository: 'acme/shop', wanted: { pullRequest: 7 } }),
  'mcp-servers.knownServers': (db) => mcpServers.knownServers(db, ['tracker']),
  'mcp-servers.definitionsOf': (db) => mcpServers.definitionsOf(db, [{ server: 'tracker', name: 'list', digest: 'd' }]),
  'mcp-servers.unheardOf': (db) =>
    mcpServers.unheardOf(db, [{ owner: '', connection: 'tracker', url: 'https://a.test/' }]),
  'mcp-servers.dueServers': (db) =>
    mcpServers.dueServers(db, [{ connection: 'tracker', url: 'https://a.test/' }], { usualMs: 1e6, troubledMs: 1e6 }),
  'own-servers.wantListing': (db) =>
    ownServers.wantListing(db, { owner: 'person:T1:U1', connection: 'personal/tracker', url: 'https://a.test/' }),
  'own-servers.dropUnused': (db) => ownServers.dropUnused(db, 86_400_000),
  'own-servers.takeWanted': (db) => ownServers.takeWanted(db, false, 8),
  'mcp-servers.serverUrl': (db) => mcpServers.serverUrl(db, 'tracker'),
  'mcp-servers.storeListing': (db) =>
    mcpServers.storeListing(db, { owner: '', connection: 'tracker', url: 'https://a.test/' }, []),
  'personal-connections.nextPersonalVersion': (db) => personal.nextPersonalVersion(db),
  'personal-connections.putPersonalConnection': (db) =>
    personal.putPersonalConnection(db, {
      ...{ ...ADA, connection: 'github', version: 2_000_000, keyId: 'k', sealed: Buffer.from('x'), expiresAt: null },
    }),
  'personal-connections.personalConnectionsOf': (db) => personal.personalConnectionsOf(db, ADA),
  'personal-connections.heldConnections': (db) => personal.heldConnections(db, ADA),
  'personal-connections.sealedPersonalConnection': (db) =>
    personal.sealedPersonalConnection(db, ADA, 'github', 2_000_000),
  'personal-connections.removeConnectionsOfAll': (db) => personal.removeConnectionsOfAll(db, 'T1', ['U997', 'U998']),
  'personal-connections.hasPersonalConnections': (db) => personal.hasPersonalConnections(db, 'T1'),
  'personal-connections.removePersonalConnection': (db) => personal.removePersonalConnection(db, ADA, 'linear'),
  'personal-connections.removePersonalConnections': (db) =>
    personal.removePersonalConnections(db, { team: 'T1', person: 'U999' }),
  'personal-grants.beginGrant': (db) =>
    personalGrants.beginGrant(db, {
      ...{
        ...ADA,
        connection: 'github',
        version: 3_000_000,
        way: 'browser',
        channel: null,
        threadTs: null,
        viewId: null,
      },
      browser: { stateDigest: 'd', redirectUri: 'https://b.test/', verifier: Buffer.from('x') },
    }),
  'personal-grants.waitingGrant': (db) => personalGrants.waitingGrant(db, 'd7'),
  'personal-grants.keepAnswer': (db) =>
    personalGrants.keepAnswer(db, ATTEMPT, { answer: Buffer.from('x'), proof: 'p' }),
  'personal-grants.takeGrant': (db) => personalGrants.takeGrant(db),
  'personal-grants.keepDeviceCode': (db) =>
    personalGrants.keepDeviceCode(db, ATTEMPT, {
      ...{
        answer: Buffer.from('x'),
        userCode: 'A',
        verificationUri: 'https://a.test/',
        pollSeconds: 5,
        lifeSeconds: 600,
      },
    }),
  'personal-grants.pollAgain': (db) => personalGrants.pollAgain(db, ATTEMPT, 5),
  'personal-grants.keepGranted': (db) =>
    personalGrants.keepGranted(db, ATTEMPT, { account: null, keyId: 'k', sealed: Buffer.from('x') }),
  'personal-grants.failGrant': (db) => personalGrants.failGrant(db, ATTEMPT, 'timeout'),
  'personal-grants.takeGrantNews': (db) => personalGrants.takeGrantNews(db),
  'personal-grants.failLostGrants': (db) => personalGrants.failLostGrants(db),
  'personal-grants.removeEndedGrants': (db) => personalGrants.removeEndedGrants(db),
  'personal-grants.grantToConfirm': (db) => personalGrants.grantToConfirm(db, ATTEMPT),
  'personal-grants.countWrong': (db) => personalGrants.countWrong(db, ATTEMPT),
  'personal-grants.endGrant': (db) => personalGrants.endGrant(db, ATTEMPT),
  'personal-grants.confirmGrant': (db) => personalGrants.confirmGrant(db, ATTEMPT),
  'personal-tokens.personalTokens': (db) => personalTokens.personalTokens(db, ATTEMPT),
  'personal-tokens.claimPersonalTokens': (db) => personalTokens.claimPersonalTokens(db, ATTEMPT, randomUUID(), 1_000),
  'personal-tokens.replacePersonalTokens': (db) =>
    personalTokens.replacePersonalTokens(db, ATTEMPT, 0, Buffer.from('x')),
  'personal-tokens.releasePersonalTokens': (db) => personalTokens.releasePersonalTokens(db, ATTEMPT, 'nobody'),
  'personal-tokens.refusePersonalTokens': (db) => personalTokens.refusePersonalTokens(db, ATTEMPT, 0),
  'personal-tokens.noteTokenAnswer': (db) => personalTokens.noteTokenAnswer(db, ATTEMPT, true),
  'personal-tokens.takeRefusals': (db) => personalTokens.takeRefusals(db),
  'own-uses.decideOwnUse': (db) => ownUses.decideOwnUse(db, { ...hotUse, decision: 'thread' }),
  'own-uses.ownUseOf': (db) => ownUses.ownUseOf(db, hotUse),
  'own-uses.allowedUses': (db) => ownUses.allowedUses(db, { ...hotUse, requester: hotUse.person }),
  'own-uses.usedInTurn': (db) => ownUses.usedInTurn(db, { ...hotUse, requester: hotUse.person }),
  'own-uses.othersWorkedHere': (db) => ownUses.othersWorkedHere(db, BUSY, 'U1'),
  'held-back.noteHeldBack': (db) =>
    heldBack.noteHeldBack(db, { session: BUSY, owner: 'U1', actor: 'U2', kind: 'edit', ts: '1.000100' }),
  'held-back.noteConfirmed': (db) => heldBack.noteConfirmed(db, BUSY, '1'),
  'held-back.ownedThreadOf': (db) =>
    heldBack.ownedThreadOf(db, { team: 'T1', channel: 'C77', ts: '1600000077.000100' }),
  'held-back.heldBackIn': (db) => heldBack.heldBackIn(db, BUSY, 50),
  'personal-settings.personalSettingsOf': (db) => personalSettings.personalSettingsOf(db, ADA),
  'personal-settings.ownLimitsOf': (db) => personalSettings.ownLimitsOf(db, BUSY),
  'personal-settings.setOwnInstructions': (db) => personalSettings.setOwnInstructions(db, ADA, 'Be brief.'),
  'personal-settings.setOwnModel': (db) => personalSettings.setOwnModel(db, ADA, 'large'),
  'personal-settings.setOwnLimit': (db) => personalSettings.setOwnLimit(db, ADA, 'steps', 20),
  'personal-settings.removePersonalSettings': (db) => personalSettings.removePersonalSettings(db, ADA),
  'personal-settings.removeSettingsOfAll': (db) => personalSettings.removeSettingsOfAll(db, 'T1', ['U997', 'U998']),
  'personal-settings.hasPersonalSettings': (db) => personalSettings.hasPersonalSettings(db, 'T1'),
  'personal-tests.askForTest': (db) =>
    personalTests.askForTest(
      db,
      { key: '1/own', ...ADA, connection: 'github' },
      { channel: 'D1', threadTs: '1.000100' },
    ),
  'personal-tests.takeTest': (db) => personalTests.takeTest(db, { connections: ['gitea'], people: [ADA] }),
  'personal-tests.answerTest': (db) => personalTests.answerTest(db, '1/own', { status: 200, code: null }),
  'personal-tests.takeAnsweredTests': (db) => personalTests.takeAnsweredTests(db),
  'policy.currentPolicy': (db) => policy.currentPolicy(db),
  'policy.policyRevision': (db) => policy.policyRevision(db),
  'policy-reader.createPolicyReader': (db) => policyReader.createPolicyReader(db)(),
  'refresh-tokens.claimRefreshToken': (db) => refreshTokens.claimRefreshToken(db, CHAIN, randomUUID(), 1_000),
  'refresh-tokens.replaceRefreshToken': (db) =>
    refreshTokens.replaceRefreshToken(db, CHAIN, 0, { keyId: 'k', sealed: Buffer.from('x') }),
  'refresh-tokens.releaseRefreshToken': (db) => refreshTokens.releaseRefreshToken(db, CHAIN, 'nobody'),
};
