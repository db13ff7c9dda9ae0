import { App } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { EffectiveAccess } from '../access/decision.ts';
import type { Listen } from '../access/document.ts';
import type { Off, RequesterChannel } from '../access/effective-access.ts';
import type { PersonalOffer } from '../access/people-access.ts';
import type { ScopeKey } from '../contracts/scope.ts';
import type { SlackRoom } from '../contracts/slack-reading.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { listenTo, type Notifications } from '../store/notifications.ts';
import { clientOptions, slackLogger } from './api/client.ts';
import type { SlackIdentity } from './api/identity.ts';
import { createPacedCalls } from './api/paced-calls.ts';
import type { RateLimits } from './api/rate-limits.ts';
import { createResponder } from './api/respond.ts';
import { createMutePresses } from './commands/press-mute.ts';
import { settleConfirmation } from './delivery/confirmations.ts';
import { createDeliverer } from './delivery/deliverer.ts';
import { createFileFetcher } from './delivery/incoming-files.ts';
import { createThreadJoiner } from './delivery/join-thread.ts';
import type { SessionSignals } from './delivery/session-signals.ts';
import type { ModelChoices } from './delivery/use-model.ts';
import { createDirectory, type Directory } from './people/directory.ts';
import { createEndedAccounts } from './people/ended-accounts.ts';
import { type GrantDoor, NO_GRANTS } from './personal/grant-ways.ts';
import { createHomeParts } from './personal/home-parts.ts';
import { createPersonalInteractions, type KeepToken, type PersonalInteractions } from './personal/interactions.ts';
import { createGrantTeller } from './personal/tell-grants.ts';
import { createTestTeller } from './personal/tell-tests.ts';
import { createQuestionPresses } from './questions/press-question.ts';
import { createAnswerTeller } from './questions/tell-answers.ts';
import { type CatchUpTimes, createCatchUp } from './receiving/catch-up.ts';
import { createCrowdMeter } from './receiving/crowd-meter.ts';
import { createKeeper } from './receiving/keep-incoming.ts';
import { noteDeletion } from './receiving/note-deletions.ts';
import { noteDoings } from './receiving/note-doings.ts';
import { createInboxReceiver } from './receiving/receiver.ts';
import { createSocketConnection } from './receiving/socket-connection.ts';
import { createSlackRoom } from './room/room.ts';
import { createOutboxSender } from './sending/outbox-sender.ts';

export interface GatewayLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface GatewayOptions {
  readonly database: Database;
  readonly databaseUrl: string;
  readonly client: WebClient;
  readonly identity: SlackIdentity;
  readonly appToken: string;
  readonly botToken: string;
  readonly apiUrl: string;
  readonly signals: SessionSignals;
  readonly whyOff: (scope: ScopeKey) => Promise<Off | null>;
  /** Whose untagged words count in joined threads. @default everyone's */
  readonly listenIn?: (scope: ScopeKey) => Promise<Listen>;
  /** What a scope reaches, as the command line shows it. */
  readonly effective: (scope: ScopeKey) => Promise<EffectiveAccess>;
  /** Channels that the applied access file names. @default none */
  readonly places?: () => Promise<readonly { readonly scope: ScopeKey; readonly label: string }[]>;
  /** What the applied access file offers to people. */
  readonly offers: () => Promise<readonly PersonalOffer[]>;
  /** What a channel says in which sessions act as the person who began them. @default there is none */
  readonly requesterChannel?: (scope: ScopeKey) => Promise<RequesterChannel | null>;
  /** The models among which people choose for their direct messages. */
  readonly models: () => Promise<readonly string[]>;
  /** The models among which people choose for a thread of a scope. @default none */
  readonly threadModels?: (scope: ScopeKey) => Promise<ModelChoices>;
  /** Seals what a person pastes. */
  readonly keepToken: KeepToken;
  /** Begins attempts to grant a token by OAuth. @default none can be begun */
  readonly grants?: GrantDoor;
  readonly log: GatewayLog;
  /** How long storing an event took, from its receipt until it may be acknowledged to Slack. In seconds. */
  readonly onStored?: (seconds: number) => void;
  readonly now?: () => Date;
  /** @default Slack's documented limits */
  readonly limits?: RateLimits;
  /** After that long without delivery a thread is told. @default 60000 */
  readonly overdueMs?: number;
  /** How often overdue messages are looked for. @default 5000 */
  readonly sweepMs?: number;
  /** After this long Slack is told again that a turn works. @default 90000 */
  readonly statusAgainMs?: number;
  readonly catchUp?: CatchUpTimes;
}

export interface Gateway {
  /** Slack, as far as tools may read it. */
  readonly room: SlackRoom;
  /** Whether Slack's events arrive just now. */
  isConnected(): boolean;
  stop(): Promise<void>;
}

/** One statement stores what waits, and another connection is there when the first is lost. */
const INTAKE_CONNECTIONS = 2;
/** Slack sends an event again after three seconds. A storing that takes longer is worth nothing to it. */
const INTAKE_STATEMENT_MS = 5_000;

/** Connects Slack with inbox and outbox. Resolves with the first connection to Slack. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { database, client, identity, log, grants = NO_GRANTS, now = () => new Date() } = options;
  const slackLog = {
    warn: (message: string) => log.warn({ component: 'slack' }, message),
    error: (message: string) => log.error({ component: 'slack' }, message),
  };
  const limits = options.limits ? { limits: options.limits } : {};
  const calls = createPacedCalls({ db: database, client, team: identity.team, ...limits });
  // Slack waits for the acknowledgement: storing an event never queues behind deliveries for a connection.
  const intake = openDatabase({
    ...{ url: options.databaseUrl, name: 'gateway-intake' },
    ...{ connections: INTAKE_CONNECTIONS, statementMs: INTAKE_STATEMENT_MS },
  });
  const ending = new AbortController();
  const store = createKeeper({ db: intake, identity, onLate: () => catchUp.missed(), ending: ending.signal });
  const crowd = createCrowdMeter(() => performance.now());
  const directory = createDirectory({ db: database, calls, identity, now });
  const sender = createOutboxSender({
    ...{ database, calls, team: identity.team, ...limits },
    ...{ apiUrl: options.apiUrl, log, now },
    ...(options.statusAgainMs === undefined ? {} : { statusAgainMs: options.statusAgainMs }),
  });
  const fetchFiles = createFileFetcher({
    ...{ db: database, calls, botToken: options.botToken, apiUrl: options.apiUrl },
  });
  const deliverer = createDeliverer({
    database,
    identity,
    directory,
    signals: options.signals,
    fetchFiles,
    joinThread: createThreadJoiner({ db: database, calls, identity, directory, fetchFiles, log }),
    whyOff: options.whyOff,
    effective: options.effective,
    listenIn: options.listenIn ?? (async () => 'everyone'),
    offers: options.offers,
    callbackReach: grants.reach,
    requesterChannel: options.requesterChannel ?? (async () => null),
    models: options.models,
    threadModels: options.threadModels ?? (async () => ({ choices: [], known: [] })),
    now,
    log,
    crowd: crowd.seen,
    onDelivered: sender.poke,
    ...(options.overdueMs === undefined ? {} : { overdueMs: options.overdueMs }),
    ...(options.sweepMs === undefined ? {} : { sweepMs: options.sweepMs }),
  });
  const personal = createPersonalInteractions({
    ...{ database, calls, identity, directory, log },
    ...{
      offers: options.offers,
      models: options.models,
      whyOff: options.whyOff,
      keepToken: options.keepToken,
      grants,
      home: createHomeParts({
        ...{ db: database, calls, identity, directory, effective: options.effective, now },
        places: options.places ?? (async () => []),
      }),
      onAnswer: sender.poke,
    },
  });
  const questions = createQuestionPresses({
    ...{ database, calls, identity, directory, log, apiUrl: options.apiUrl },
    onAnswer: sender.poke,
  });
  const mutes = createMutePresses({
    ...{ database, identity, directory, log, onAnswer: sender.poke },
    respond: createResponder({
      apiUrl: options.apiUrl,
      onError: (error) => log.warn({ reason: String(error) }, 'what came of a press could not be told'),
    }),
  });
  const keep = async (body: unknown): Promise<void> => {
    crowd.note();
    const came = performance.now();
    await personal.noteAccount(body);
    await directory.audience.note(body);
    await noteConversion(directory, body);
    await noteDoings(database, identity, body);
    const hasEnded = await noteDeletion(database, identity, body);
    const isNew = (await store(body)) || hasEnded;
    options.onStored?.((performance.now() - came) / 1_000);
    if (isNew) deliverer.poke();
  };
  const accounts = createEndedAccounts({
    ...{ db: database, calls, identity },
    onError: (error) => log.warn({ reason: String(error) }, 'it could not be read which accounts have ended'),
  });
  const connection = createSocketConnection({
    appToken: options.appToken,
    client: clientOptions(options.apiUrl, slackLog),
    logger: slackLogger(slackLog),
    onConnected: () => {
      catchUp.connected();
      accounts.connected();
      directory.audience
        .connected()
        .catch((error) => log.warn({ reason: String(error) }, 'lists of members could not be put in doubt'));
    },
    onTrouble: (code, retryMs) => log.warn({ code, retryMs }, 'no Socket Mode connection; trying again'),
  });
  const catchUp = createCatchUp({
    db: database,
    calls,
    identity,
    directory,
    connection,
    log,
    onKept: deliverer.poke,
    ...options.catchUp,
  });
  const receiver = createInboxReceiver({
    connection,
    keep,
    interact: async (body) => (await questions.handle(body)) ?? (await mutes(body)) ?? (await personal.handle(body)),
    onMissed: (error) => {
      catchUp.missed();
      log.error({ reason: String(error) }, 'an event could not be stored and was left to Slack to send again');
    },
    listenedTo: new Set<string>([...DIRECTORY_EVENTS, HOME_EVENT]),
    onListenerError: (error) => log.warn({ reason: String(error) }, 'a listener failed'),
  });
  const app = new App({
    receiver,
    authorize: async () => ({ botToken: options.botToken, botId: identity.botId, botUserId: identity.botUser }),
    clientOptions: clientOptions(options.apiUrl, slackLog),
    logger: slackLogger(slackLog),
    convoStore: false,
  });
  listenForDirectoryChanges(app, directory);
  listenForHomes(app, personal);
  const teller = createTestTeller({
    database,
    onTold: sender.poke,
    onError: (error) => log.warn({ reason: String(error) }, 'what came of a test could not be told'),
  });
  const answers = createAnswerTeller({
    database,
    signals: options.signals,
    onTold: () => {
      sender.poke();
      deliverer.poke();
    },
    onConfirmed: (question) => settleConfirmation(database, question),
    onError: (error) => log.warn({ reason: String(error) }, 'a session could not be told of an answer'),
  });
  const grantTeller = createGrantTeller({
    ...{ database, calls },
    onTold: sender.poke,
    onError: (error) => log.warn({ reason: String(error) }, 'what came of a grant could not be told'),
  });
  const notifications = listenForWork(options.databaseUrl, {
    bellhop_question: answers.poke,
    bellhop_inbox: deliverer.poke,
    bellhop_outbox: sender.poke,
    bellhop_people: () => {
      teller.poke();
      grantTeller.poke();
    },
  });
  await app.start();

  return {
    room: createSlackRoom({ db: database, calls, identity, directory, whyOff: options.whyOff }),
    isConnected: connection.isConnected,
    async stop() {
      ending.abort();
      await app.stop();
      await Promise.all([receiver.drain(), catchUp.stop(), accounts.stop()]);
      directory.stop();
      await deliverer.stop();
      await Promise.all([teller.stop(), grantTeller.stop(), answers.stop()]);
      await sender.stop();
      await notifications.stop();
      await intake.end();
    },
  };
}

const DIRECTORY_EVENTS = [
  'user_change',
  'channel_rename',
  'group_rename',
  'channel_shared',
  'channel_unshared',
  'member_joined_channel',
  'member_left_channel',
] as const;

/** What we believe about people and channels ends when Slack says that it changed. */
function listenForDirectoryChanges(app: App, directory: Directory): void {
  for (const type of DIRECTORY_EVENTS) {
    app.event(type, async ({ event }) => {
      if (event.type === 'user_change') return directory.personChanged(event.user);
      const channel = typeof event.channel === 'string' ? event.channel : event.channel.id;
      if (event.type === 'member_left_channel') return directory.audience.left(channel, event.user);
      await directory.forgetChannel(channel);
      if (event.type === 'member_joined_channel') await directory.audience.joined(channel, event.user);
    });
  }
}

/** A message in the channel tells of it (docs.slack.dev, channel_convert_to_private and channel_convert_to_public). */
const CONVERSIONS: ReadonlySet<unknown> = new Set(['channel_convert_to_private', 'channel_convert_to_public']);

/** Before the message is dropped as none of a person's: what is known of the channel is old from now on. */
async function noteConversion(directory: Directory, body: unknown): Promise<void> {
  const { event } = body as { event?: { type?: unknown; subtype?: unknown; channel?: unknown } };
  if (event?.type !== 'message' || !CONVERSIONS.has(event.subtype) || typeof event.channel !== 'string') return;
  await directory.forgetChannel(event.channel);
}

const HOME_EVENT = 'app_home_opened';

function listenForHomes(app: App, personal: PersonalInteractions): void {
  app.event(HOME_EVENT, async ({ event }) => {
    if (event.tab === 'home') await personal.showHome(event.user);
  });
}

function listenForWork(url: string, on: Readonly<Record<string, () => void>>): Notifications {
  return listenTo({ url, name: 'gateway', channels: Object.keys(on), onNotify: (channel) => on[channel]?.() });
}
