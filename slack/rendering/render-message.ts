import type { SessionId } from '../../contracts/ids.ts';
import { visibleText } from '../../contracts/visible-text.ts';
import type {
  AnswerBody,
  MessageButton,
  NoticeBody,
  QuestionBody,
  ShownBody,
  WorkingBody,
} from '../../store/outbox.ts';
import { STOP_ACTION } from '../receiving/incoming.ts';
import { cutText, escapeText, escapeWithin, toMrkdwn } from './mrkdwn.ts';
import { neutralise } from './neutralise.ts';
import { splitMarkdown, type Tables } from './split-markdown.ts';
import { planText, workingText } from './working-words.ts';

/** The text and blocks of one message, for chat.postMessage and chat.update. */
export interface RenderedMessage {
  readonly text: string;
  readonly blocks: readonly Record<string, unknown>[];
  /** The part that did not fit. It is the text of the answer's next message. */
  readonly rest: string | null;
  /** What does not fit into a thread: the text of a file that the message names. */
  readonly file?: string;
}

export interface RenderContext {
  readonly session: SessionId | null;
  readonly now: Date;
}

/** A `markdown` block takes 12,000 characters a message; Slack refuses a whole message near 13,000 (docs.slack.dev). */
export const MARKDOWN_LIMIT = 11_000;
/** Slack edits messages reliably up to about 4,000 characters of text. */
export const MOST_TEXT = 4_000;
/** The limit that is tried first. It is below `MOST_TEXT`, because escapes make a text longer. */
const TEXT_LIMIT = 3_000;
/** A live line is edited again and again. Slack edits reliably up to about 4,000 characters, the small line included. */
const LIVE_LIMIT = 3_000;
/** The limit of a context or section text. */
const SECTION_LIMIT = 3_000;
/** The limit of a small line: all text of a message has to stay below what Slack takes in sum. */
const SMALL_LIMIT = 600;
/** The limit of a small line in a message without blocks. */
const PLAIN_LINE_LIMIT = 100;
/** The limit of a button's text. */
const BUTTON_LIMIT = 75;
const MAX_BUTTONS = 40;
/** The most messages of one answer. A longer one shows its beginning and is a file. */
export const MAX_PARTS = 5;

/** Renders text and blocks within Slack's limits (docs.slack.dev/reference/block-kit/blocks). A cut is marked. */
export function renderMessage(body: ShownBody, context: RenderContext): RenderedMessage {
  switch (body.kind) {
    case 'working':
      return renderWorking(body, context);
    case 'answer':
      return renderAnswer(body);
    case 'notice':
      return renderNotice(body);
    case 'question':
      return renderQuestion(body);
  }
}

/** Words that may be somebody else's, with no markup of theirs: Slack makes no link and no mention of them by itself either. */
function foreign(escaped: string): Record<string, unknown> {
  return { type: 'mrkdwn', text: escaped, verbatim: true };
}

function renderWorking(body: WorkingBody, { session, now }: RenderContext): RenderedMessage {
  const line = escapeWithin(workingText(body, now), SECTION_LIMIT);
  // While the work goes on, only the newest words matter. The whole text comes with the answer.
  const newest = body.text?.slice(-LIVE_LIMIT * 4);
  const said = newest ? splitMarkdown(neutralise(newest), LIVE_LIMIT).at(-1) : undefined;
  const blocks: Record<string, unknown>[] = said ? [{ type: 'markdown', text: said }] : [];
  const list = planText(body.plan ?? []);
  if (list) blocks.push({ type: 'section', text: foreign(escapeWithin(list, SECTION_LIMIT)) });
  blocks.push({ type: 'context', elements: [foreign(line)] });
  if (session) blocks.push({ type: 'actions', elements: [stopButton(session)] });
  return { text: line, blocks, rest: null };
}

function stopButton(session: SessionId): Record<string, unknown> {
  return { type: 'button', action_id: STOP_ACTION, value: session, text: { type: 'plain_text', text: 'Stop' } };
}

function renderAnswer(body: AnswerBody): RenderedMessage {
  const { markdown, lastWord, small, rest, file } = partOf(body, MARKDOWN_LIMIT, 'one');
  const blocks: Record<string, unknown>[] = markdown ? [{ type: 'markdown', text: markdown }] : [];
  if (lastWord) blocks.push({ type: 'section', text: { type: 'mrkdwn', text: lastWord } });
  for (const line of small) {
    blocks.push({ type: 'context', elements: [foreign(escapeWithin(line, SMALL_LIMIT))] });
  }
  const text = fitting(
    (limit) => paragraphs([toMrkdwn(cutText(markdown, limit)), lastWord]),
    (shown) => shown,
  );
  return { text, blocks, rest, ...(file !== null && { file }) };
}

/** Renders a message without blocks, after Slack refused its blocks. Less fits, so more is left to the next message. */
export function renderWithoutBlocks(body: ShownBody, context: RenderContext): RenderedMessage {
  if (body.kind !== 'answer') return { ...renderMessage(body, context), blocks: [] };
  const plain = (limit: number): RenderedMessage => {
    const { markdown, lastWord, small, rest, file } = partOf(body, limit, 'code');
    const lines = small.map((line) => escapeWithin(line, PLAIN_LINE_LIMIT));
    return {
      text: paragraphs([toMrkdwn(markdown), lastWord, ...lines]),
      blocks: [],
      rest,
      ...(file !== null && { file }),
    };
  };
  return fitting(plain, ({ text }) => text);
}

/**
 * Makes a message with a limit that is halved until its text is short enough for Slack. Escapes make a text longer, but
 * never more than five times, so this ends after a few rounds.
 */
function fitting<T>(make: (limit: number) => T, textOf: (made: T) => string): T {
  let limit = TEXT_LIMIT;
  let made = make(limit);
  while (textOf(made).length > MOST_TEXT) {
    limit = Math.floor(limit / 2);
    made = make(limit);
  }
  return made;
}

/** The parts of one message of an answer. */
interface AnswerPart {
  /** Empty only if there is a last word. */
  readonly markdown: string;
  /** Bellhop's own words, as mrkdwn. Empty when there are none, or when more messages follow. */
  readonly lastWord: string;
  /** Small lines under the text. */
  readonly small: readonly string[];
  readonly rest: string | null;
  /** The text of the file that takes the place of further messages. */
  readonly file: string | null;
}

/** The name of the file that has what does not fit into a thread. */
export const ANSWER_FILE = 'answer.md';

function partOf(body: AnswerBody, limit: number, tables: Tables): AnswerPart {
  const part = body.part ?? 1;
  const [markdown = body.lastWord ? '' : '(no text)', ...later] = splitMarkdown(neutralise(body.text), limit, tables);
  const left = later.join('\n\n');
  // The next messages are tried with blocks again, also after blocks were refused.
  const more = limit === MARKDOWN_LIMIT ? later : splitMarkdown(left, MARKDOWN_LIMIT);
  const isFile = more.length > Math.max(0, MAX_PARTS - part);
  const last = isFile || later.length === 0;
  const whole = part === 1 ? 'This is the beginning. The whole answer is' : 'It goes on';
  const note = isFile || body.inFile ? `${whole} in the file ${ANSWER_FILE}.` : null;
  return {
    markdown,
    lastWord: (last && body.lastWord) || '',
    small: [note, last ? body.footer : null].filter((line): line is string => Boolean(line)),
    rest: last ? null : left,
    file: isFile ? body.text : null,
  };
}

function paragraphs(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

function renderNotice(body: NoticeBody): RenderedMessage {
  const text = escapeWithin(body.text, SECTION_LIMIT - 500);
  const blocks: Record<string, unknown>[] = [{ type: 'section', text: foreign(text) }];
  const buttons = (body.buttons ?? []).slice(0, MAX_BUTTONS);
  if (buttons.length > 0) blocks.push(...buttons.map(oneButton));
  return { text, blocks, rest: null };
}

/** The action ids of the buttons of a question; what follows is the choice. The value is the question's id. */
export const ANSWER_ACTION = 'bellhop_answer/';
export const FORM_ACTION = 'bellhop_form/';

const CARD_LIMIT = SECTION_LIMIT - 500;

/** Whether a card shows a question's text whole. */
export function fitsCard(text: string): boolean {
  return visibleText(text).length <= CARD_LIMIT;
}

/** A question as a card. Nothing in its text is markup, an emoji or unseen: who decides by it reads every letter of what it quotes. */
export function renderQuestion({ question, text, choices }: QuestionBody): RenderedMessage {
  const shown = cutText(visibleText(text), CARD_LIMIT);
  const elements = choices.map(({ id, label, style, form }) => ({
    type: 'button',
    action_id: `${form ? FORM_ACTION : ANSWER_ACTION}${id}`,
    value: question,
    text: { type: 'plain_text', text: cutText(label, BUTTON_LIMIT), emoji: false },
    ...(style && { style }),
  }));
  return {
    text: escapeText(shown),
    blocks: [
      { type: 'section', text: { type: 'plain_text', text: shown, emoji: false } },
      { type: 'actions', elements },
    ],
    rest: null,
  };
}

/** A block for each: Slack tells two buttons of one action apart by their blocks. */
function oneButton({ action, value, text }: MessageButton): Record<string, unknown> {
  const label = { type: 'plain_text', text: cutText(text, BUTTON_LIMIT) };
  return { type: 'actions', elements: [{ type: 'button', action_id: action, value, text: label }] };
}
