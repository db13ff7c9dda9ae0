import type { AccessDocument } from '../access/document.ts';
import type { HeldConnection } from '../access/personal-access.ts';
import type { EgressCounts, EgressEvent } from '../contracts/egress.ts';
import type { Person } from '../contracts/scope.ts';
import { sealedCredentials } from '../store/credentials.ts';
import type { Queryable } from '../store/database.ts';
import { egressCounts, storeEgressEvents } from '../store/egress-events.ts';
import { allowedUses } from '../store/own-uses.ts';
import { heldConnections, sealedPersonalConnection } from '../store/personal-connections.ts';
import { failGrant, keepDeviceCode, keepGranted, pollAgain, takeGrant } from '../store/personal-grants.ts';
import { type AskedTest, answerTest, type FullTests, type TestAnswer, takeTest } from '../store/personal-tests.ts';
import {
  claimPersonalTokens,
  noteTokenAnswer,
  type PersonalVersion,
  personalTokens,
  refusePersonalTokens,
  releasePersonalTokens,
  replacePersonalTokens,
} from '../store/personal-tokens.ts';
import { currentPolicy, policyRevision } from '../store/policy.ts';
import { claimRefreshToken, releaseRefreshToken, replaceRefreshToken } from '../store/refresh-tokens.ts';
import type { TurnRef } from '../store/turn-fence.ts';
import { isBadValue } from '../store/unreachable.ts';
import type { PersonalTokenStore } from './credentials/tokens/personal-tokens.ts';
import type { RotationStore } from './credentials/tokens/rotated-tokens.ts';
import type { GrantStore } from './personal/grants.ts';

/** The calls to PostgreSQL that the proxy makes. */
export interface ProxyStore {
  /** Names the policy in force: another text after each change. */
  policyRevision(): Promise<string>;
  policy(): Promise<AccessDocument>;
  /** Sealed credentials by connection id. A connection whose credential is not stored is missing from the map. */
  credentials(document: AccessDocument): Promise<ReadonlyMap<string, Uint8Array>>;
  /** What a person has connected at this moment. */
  held(owner: Person): Promise<readonly HeldConnection[]>;
  /** What the requester of a turn has allowed the agent of a channel to use. */
  allowed(turn: TurnRef & { readonly requester: string }): Promise<readonly HeldConnection[]>;
  /** The sealed text of one version of it. Null when it was removed or replaced. */
  sealedPersonal(owner: Person, name: string, version: number): Promise<Uint8Array | null>;
  /** A test that a person asked for, for this proxy alone. Null when none waits. */
  takeTest(full: FullTests): Promise<AskedTest | null>;
  answerTest(key: string, answer: TestAnswer): Promise<void>;
  /** Notes that a service does not take what a person has pasted, or takes it again. */
  noteTokenAnswer(of: PersonalVersion, isRefused: boolean): Promise<void>;
  readonly rotations: RotationStore;
  readonly personalTokens: PersonalTokenStore;
  readonly grants: GrantStore;
  storeEvents(events: readonly EgressEvent[]): Promise<unknown>;
  /** Whether an error of `storeEvents` lies in the data itself, so that trying again is useless. */
  isUnfit(error: unknown): boolean;
  counts(session: string, turn: number): Promise<EgressCounts>;
}

/** What the proxy reads and writes in PostgreSQL. Its database role may do nothing else. */
export function createProxyStore(database: Queryable): ProxyStore {
  return {
    policyRevision: () => policyRevision(database),
    policy: () => currentPolicy(database),
    credentials: ({ connections }) =>
      sealedCredentials(database, new Map(connections.map(({ id, credentialVersion }) => [id, credentialVersion]))),
    held: (owner) => heldConnections(database, owner),
    allowed: (turn) => allowedUses(database, turn),
    sealedPersonal: (owner, name, version) => sealedPersonalConnection(database, owner, name, version),
    takeTest: (full) => takeTest(database, full),
    answerTest: (key, answer) => answerTest(database, key, answer),
    noteTokenAnswer: (of, isRefused) => noteTokenAnswer(database, of, isRefused),
    rotations: {
      claim: (chain, holder, holdMs) => claimRefreshToken(database, chain, holder, holdMs),
      replace: (chain, generation, next) => replaceRefreshToken(database, chain, generation, next),
      release: (chain, holder) => releaseRefreshToken(database, chain, holder),
    },
    personalTokens: {
      read: (of) => personalTokens(database, of),
      claim: (of, holder, holdMs) => claimPersonalTokens(database, of, holder, holdMs),
      replace: (of, generation, renewed) => replacePersonalTokens(database, of, generation, renewed),
      release: (of, holder) => releasePersonalTokens(database, of, holder),
      refuse: (of, generation) => refusePersonalTokens(database, of, generation),
    },
    grants: {
      take: () => takeGrant(database),
      keepDeviceCode: (of, code) => keepDeviceCode(database, of, code),
      pollAgain: (of, seconds) => pollAgain(database, of, seconds),
      granted: (of, found) => keepGranted(database, of, found),
      failed: (of, failure) => failGrant(database, of, failure),
    },
    storeEvents: (events) => storeEgressEvents(database, events),
    isUnfit: isBadValue,
    counts: (session, turn) => egressCounts(database, session, turn),
  };
}
