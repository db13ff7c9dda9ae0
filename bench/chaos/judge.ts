import { APP } from '../../simulators/slack/world/workspace.ts';
import { everyText, type SimMessage, type SimState } from '../../test/support/slack-simulator.ts';
import { hasStopSign, isAnswerTo, isStopWord, type Said } from './conversation.ts';
import type { Hits } from './origin.ts';
import { contentOf, fileBackOf, TICK } from './sayings.ts';

/**
 * `lost`: what was asked has no answer, or a file is gone. `doubled`: done or said more than once. `left behind`: something stays that
 * nobody needs. `wrong`: what was said is not what happened.
 */
export type Verdict = 'lost' | 'doubled' | 'left behind' | 'wrong';

export interface Finding {
  readonly verdict: Verdict;
  /** Names what was said, or the thing itself. */
  readonly what: string;
}

/** What can be seen from outside at the end of a run. */
export interface Evidence {
  readonly said: readonly Said[];
  readonly state: Pick<SimState, 'messages' | 'statuses' | 'ephemerals'>;
  readonly hits: (name: string) => Hits;
  /** Of a file that Slack shows. */
  readonly content: (file: string) => Promise<string>;
}

/** What the model was told of a command: its head line, such as `exit code 0`. Undefined where the answer does not say. */
export function outcomeOf(answer: string, id: string): string | undefined {
  return new RegExp(`/${id}\`? · ([^\\n]+)`).exec(answer)?.[1]?.trim();
}

const DONE = /^exit code 0\b/;
/** What `cat` ends with when its file is not there; no error of curl's that can happen here has this number. */
const NO_FILE = /^exit code 1\b/;

export async function judge(evidence: Evidence): Promise<Finding[]> {
  const ours = evidence.state.messages.filter((message) => isOurs(message) && !message.deleted);
  const threads = Map.groupBy(ours, ({ channel, ts, threadTs }) => `${channel}:${threadTs ?? ts}`);
  const findings: Finding[] = [];
  for (const said of evidence.said) {
    const thread = threads.get(`${said.message.channel}:${said.threadTs}`) ?? [];
    findings.push(...(await judgeSaying(said, thread, evidence)));
  }
  return [...findings, ...judgeTicks(evidence), ...judgeLines(evidence)];
}

/** The texts of the messages that answer it. */
export function answersTo({ saying, message, threadTs }: Said, messages: readonly SimMessage[]): string[] {
  return messages
    .filter((one) => isOurs(one) && !one.deleted && one.channel === message.channel && one.threadTs === threadTs)
    .map(everyText)
    .filter((text) => isAnswerTo(saying, text));
}

function isOurs({ user }: SimMessage): boolean {
  return user === APP.userId;
}

async function judgeSaying(said: Said, ours: readonly SimMessage[], evidence: Evidence): Promise<Finding[]> {
  const { id, ask } = said.saying;
  const when = `said at ${(said.at / 1_000).toFixed(1)} s`;
  const about = (verdict: Verdict, what: string): Finding => ({
    verdict,
    what: `${id} (${ask.kind}), ${when}: ${what}`,
  });
  const answers = answersTo(said, ours);
  const { injected, bare } = evidence.hits(id);
  const findings: Finding[] = [];
  if (answers.length === 0 && !isSignedAsStopped(said, evidence))
    findings.push(about('lost', said.failure ?? 'no answer'));
  if (answers.length > 1) findings.push(about('doubled', `${answers.length} answers`));
  if (injected > 1) findings.push(about('doubled', `its request was made ${injected} times`));
  if (bare > 0) findings.push(about('wrong', `its request was made ${bare} times without the credential`));
  if (ask.kind === 'endless' && injected > 0) findings.push(about('wrong', 'its request was made after the stop'));
  const [answer] = answers;
  if (answer === undefined || ask.kind === 'stop' || ask.kind === 'endless' || ask.kind === 'echo') return findings;

  const outcome = outcomeOf(answer, id);
  if (outcome === undefined) return [...findings, about('wrong', 'its answer does not say what became of the command')];
  if (DONE.test(outcome) && injected === 0) findings.push(about('wrong', 'told as done, but the origin saw nothing'));
  if (NO_FILE.test(outcome)) findings.push(about('lost', 'a file that it needs was not there'));
  if (ask.kind === 'file') findings.push(...(await judgeFile(id, ours, DONE.test(outcome), evidence)));
  return findings;
}

/** A stop before its turn began is only signed, and one that finds nothing to end is told to its author alone. Work that goes on nevertheless shows as a working line, or by its request. */
function isSignedAsStopped({ saying, message, threadTs }: Said, { state }: Evidence): boolean {
  if (saying.ask.kind !== 'stop' && saying.ask.kind !== 'endless') return false;
  const isHere = (one: { readonly channel: string; readonly threadTs: string | null; readonly ts: string }) =>
    one.channel === message.channel && (one.threadTs ?? one.ts) === threadTs;
  return (
    state.messages.some((one) => isHere(one) && hasStopSign(one)) ||
    state.ephemerals.some((one) => isHere(one) && isStopWord(saying, one.text))
  );
}

async function judgeFile(
  id: string,
  ours: readonly SimMessage[],
  isMade: boolean,
  { content }: Evidence,
): Promise<Finding[]> {
  const back = fileBackOf(id);
  const files = ours.flatMap((message) => message.files).filter(({ name }) => name === back);
  const findings: Finding[] = [];
  if (files.length > 1) findings.push({ verdict: 'doubled', what: `${back} was posted ${files.length} times` });
  if (files.length === 0 && isMade && ours.map(everyText).some((text) => text.includes(`post ${back}\` · done`))) {
    findings.push({ verdict: 'lost', what: `${back} was not posted` });
  }
  for (const file of files) {
    if ((await content(file.id)) !== contentOf(id)) findings.push({ verdict: 'wrong', what: `${back} is not whole` });
  }
  return findings;
}

/** A thread that the schedule opened, and what it was answered there. */
export interface Tick {
  readonly thread: string;
  /** Seconds since 1970. */
  readonly openedAt: number;
  readonly answers: readonly string[];
}

export function ticksIn(messages: readonly SimMessage[]): Tick[] {
  const tick = { id: TICK, ask: { kind: 'request' } } as const;
  return messages.filter(isTick).map(({ channel, ts }) => ({
    thread: `${channel}:${ts}`,
    openedAt: Number(ts),
    answers: messages
      .filter((one) => isOurs(one) && !one.deleted && one.channel === channel && one.threadTs === ts)
      .map(everyText)
      .filter((text) => isAnswerTo(tick, text)),
  }));
}

/** Each thread of the schedule has one answer, and its request was made once. */
function judgeTicks({ state, hits }: Evidence): Finding[] {
  const ticks = ticksIn(state.messages);
  const findings = ticks.flatMap(({ thread, answers }): Finding[] => {
    if (answers.length === 1) return [];
    const verdict = answers.length === 0 ? 'lost' : 'doubled';
    return [{ verdict, what: `the thread ${thread} of the schedule has ${answers.length} answers` }];
  });
  const answers = ticks.flatMap((tick) => tick.answers);
  const done = answers.filter((answer) => DONE.test(outcomeOf(answer, TICK) ?? '')).length;
  const { injected } = hits(TICK);
  if (injected < done) {
    findings.push({ verdict: 'wrong', what: `${done} ticks told as done, the origin saw ${injected}` });
  }
  if (injected > ticks.length) {
    findings.push({ verdict: 'doubled', what: `${injected} requests of ${ticks.length} ticks` });
  }
  return findings;
}

function isTick({ user, threadTs, text }: SimMessage): boolean {
  return user === APP.userId && threadTs === null && text.startsWith(`Scheduled task *${TICK}*`);
}

/** What says that work goes on, when none does. */
function judgeLines({ state, said }: Evidence): Finding[] {
  const working = state.messages.filter((message) => !message.deleted && isOurs(message) && isWorking(message));
  const lost = said.filter(({ answeredAt }) => answeredAt === null);
  const reacted = lost.filter(({ message: { channel, ts } }) =>
    state.messages
      .find((one) => one.channel === channel && one.ts === ts)
      ?.reactions.some(({ users }) => users.includes(APP.userId)),
  );
  return [
    ...working.map(({ channel, threadTs }) => `a working line in ${channel}:${threadTs}`),
    ...state.statuses.map(({ channel, threadTs, status }) => `the status “${status}” in ${channel}:${threadTs}`),
    ...reacted.map(({ saying }) => `a reaction on ${saying.id}, which has no answer`),
  ].map((what) => ({ verdict: 'left behind', what }));
}

export function isWorking({ text }: Pick<SimMessage, 'text'>): boolean {
  return text.startsWith('Working · ');
}
