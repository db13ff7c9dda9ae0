import { cp } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../../setup/errors.ts';
import { createConversations, type Said } from './conversation.ts';
import { answersTo, type Finding, isWorking, judge, outcomeOf, ticksIn } from './judge.ts';
import { leftAfterReset, leftAfterStop, leftBesideRunning } from './left-behind.ts';
import { type PlanOptions, planOf } from './plan.ts';
import { createPlayer } from './player.ts';
import { type Recovery, recoveryOf } from './recovery.ts';
import { TICK } from './sayings.ts';
import { type Site, startSite } from './site.ts';
import { createStriker } from './striker.ts';

export interface ChaosResult {
  readonly findings: readonly Finding[];
  readonly recoveries: readonly Recovery[];
  /** Faults that struck; the others found their target gone for a minute. */
  readonly struck: number;
  readonly said: number;
  /** From each message to its answer, in milliseconds, whatever struck meanwhile. */
  readonly answerMs: readonly number[];
  /** What the model was told of commands that did not end with exit code 0, and how often. */
  readonly toldOtherwise: Readonly<Record<string, number>>;
  /** Ends of `up` that were not part of the plan. */
  readonly unasked: readonly string[];
  readonly tookMs: number;
}

export interface ChaosOptions extends PlanOptions {
  /** Where logs and Temporal's histories are kept when something was found. Null keeps nothing. */
  readonly evidence: string | null;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Everybody has an answer by then while nothing is struck. */
const PROLOGUE_MS = 60_000;
/** With more messages than that without an answer nothing more is struck. */
const MOST_OPEN = 16;
/** Without any fault and without any answer for that long, nothing will come any more. */
const STALLED_MS = 180_000;
/** From the last fault until everything has been answered. */
const SETTLE_MS = 240_000;
/** The schedule fires every minute. */
const TICK_MS = 150_000;
/** From the last answer until every sandbox has been put away. */
const TIDY_MS = 90_000;

/** Plays a plan on a Bellhop of its own, and judges from outside what came of it. Nothing of it is left afterwards. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { tell, signal } = options;
  const began = performance.now();
  const now = () => performance.now() - began;
  await using site = await startSite(tell);
  using conversations = createConversations(site, now);
  await using striker = createStriker(site, now);
  const timed = (line: string) => tell(`${(now() / 1_000).toFixed(0).padStart(5)} s  ${line}`);
  const player = createPlayer({ conversations, striker, tell: timed });
  const findings: Finding[] = [];

  let quietSince = now();
  const isStalled = (): boolean => {
    if (striker.underWay > 0) quietSince = now();
    return now() - Math.max(quietSince, conversations.lastAnswerAt) > STALLED_MS;
  };
  const { prologue, strikes } = planOf(options);
  await Promise.all(prologue.map(conversations.say));
  if (!(await within(PROLOGUE_MS, signal, () => conversations.open === 0))) {
    throw new Error('nothing was struck yet, and nobody was answered');
  }
  for (const strike of strikes) {
    while (conversations.open > MOST_OPEN && !isStalled() && !signal.aborted) await sleep(100);
    signal.throwIfAborted();
    if (conversations.open > MOST_OPEN) {
      const seconds = STALLED_MS / 1_000;
      findings.push({ verdict: 'lost', what: `nothing was answered for ${seconds} s, before strike ${strike.number}` });
      break;
    }
    const failure = await player.play(strike).then(
      () => null,
      (error: unknown) => error,
    );
    if (failure === null) continue;
    findings.push({ verdict: 'lost', what: `strike ${strike.number} was the end: ${reasonOf(failure)}` });
    break;
  }
  await within(SETTLE_MS, signal, () => (striker.underWay === 0 && conversations.open === 0) || isStalled());
  if (conversations.open === 0) await player.finished();
  timed(`over; ${conversations.open} messages are not answered`);

  findings.push(...(await tidyUp(site, signal)));
  const state = await site.slack.state();
  const content = async (file: string) => (await site.slack.file(file)).toString();
  const seen = { said: conversations.said, state, hits: site.origin.hits, content };
  findings.push(...(await judge(seen)));
  findings.push(...(await takeDown(site, findings.length > 0 ? options.evidence : null)));

  const answered = new Map(conversations.said.map(({ saying, answeredAt }) => [saying.id, answeredAt]));
  return {
    findings,
    recoveries: player.struck.flatMap(({ fault, question, endedAt, alone }) => {
      const answeredAt = answered.get(question.id) ?? null;
      return answeredAt === null ? [] : [recoveryOf(fault, answeredAt - endedAt, alone)];
    }),
    struck: player.struck.length,
    said: conversations.said.length,
    answerMs: conversations.said.flatMap(({ at, answeredAt }) => (answeredAt === null ? [] : [answeredAt - at])),
    toldOtherwise: toldOtherwise(conversations.said, state.messages),
    unasked: site.up.unasked,
    tookMs: now(),
  };
}

/** Sees the schedule fire once more, then lets everything come to rest. */
async function tidyUp(site: Site, signal: AbortSignal): Promise<Finding[]> {
  const since = Date.now() / 1_000;
  const hasFired = async () => {
    const ticks = ticksIn((await site.slack.state()).messages);
    return ticks.some(({ openedAt }) => openedAt > since) && ticks.every(({ answers }) => answers.length > 0);
  };
  const findings: Finding[] = (await within(TICK_MS, signal, hasFired))
    ? []
    : [{ verdict: 'lost', what: 'the schedule does not fire any more' }];
  const paused = await site.bellhop('schedules', 'pause', TICK).catch((error: Error) => error);
  if (paused) findings.push({ verdict: 'wrong', what: `the schedule could not be paused: ${paused.message}` });
  await within(TIDY_MS, signal, async () => {
    const { messages, statuses } = await site.slack.state();
    const goesOn = statuses.length > 0 || messages.some((message) => !message.deleted && isWorking(message));
    return !goesOn && (await leftBesideRunning(site)).length === 0;
  });
  return findings;
}

/** What tells afterwards why a message got no answer. */
const EVIDENCE = ['logs', 'temporal'];

/** Looks at what is left while it runs, stops it, and looks again. */
async function takeDown(site: Site, evidence: string | null): Promise<Finding[]> {
  const findings = await leftBesideRunning(site);
  const code = await site.up.end('SIGINT');
  if (code !== 0) findings.push({ verdict: 'wrong', what: `up ended with ${code} when it was asked to stop` });
  findings.push(...(await leftAfterStop(site)));
  for (const name of evidence ? EVIDENCE : []) {
    await cp(path.join(site.home, name), path.join(evidence ?? '', name), { recursive: true });
  }
  await site.bellhop('reset', '--yes');
  return [...findings, ...(await leftAfterReset(site))];
}

function toldOtherwise(said: readonly Said[], messages: Parameters<typeof answersTo>[1]): Record<string, number> {
  const told: Record<string, number> = {};
  for (const one of said) {
    for (const answer of answersTo(one, messages)) {
      const outcome = outcomeOf(answer, one.saying.id);
      if (outcome === undefined || outcome.startsWith('exit code 0')) continue;
      told[outcome] = (told[outcome] ?? 0) + 1;
    }
  }
  return told;
}

async function within(ms: number, signal: AbortSignal, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + ms;
  for (;;) {
    signal.throwIfAborted();
    if (await holds()) return true;
    if (performance.now() > end) return false;
    await sleep(200);
  }
}
