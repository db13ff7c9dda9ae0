/** Presses of the buttons of a question, and its form. They are answered at once, and are no rows of the inbox. */

import { threadOf } from '../../contracts/ids.ts';
import { noteHeldBack } from '../../store/held-back.ts';
import { putEphemeral } from '../../store/outbox.ts';
import { findQuestion, type PressOutcome, pressQuestion, type StoredQuestion } from '../../store/questions.ts';
import { findSession } from '../../store/sessions.ts';
import { type Fields, fieldsOf } from '../api/fields.ts';
import type { GrantedCalls } from '../api/paced-calls.ts';
import { createResponder } from '../api/respond.ts';
import type { Handled, PressOptions } from '../personal/presses.ts';
import { escapeText } from '../rendering/mrkdwn.ts';
import { ANSWER_ACTION, FORM_ACTION } from '../rendering/render-message.ts';
import { QUESTION_VIEW, questionForm, readContext, readForm } from './question-views.ts';

export interface QuestionPressesOptions extends PressOptions {
  readonly calls: GrantedCalls;
  readonly apiUrl: string;
  /** @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
}

export interface QuestionPresses {
  /** Null for everything that is no press of a question. It throws nothing. */
  handle(body: unknown): Promise<Handled | null>;
}

const NOT_NOTED = 'This could not be noted just now. Please press once more in a moment.';
const LATE = 'This is not asked any more, so nothing was done.';

/**
 * A press is stored, or known to change nothing, before it is acknowledged. A person who may not answer is told so, and nobody else is.
 */
export function createQuestionPresses(options: QuestionPressesOptions): QuestionPresses {
  const { database, calls, identity, directory, apiUrl, onAnswer, log, fetch } = options;
  const { team } = identity;

  const failed = (what: string) => (error: unknown) =>
    log.warn({ reason: error instanceof Error ? error.message : String(error) }, what);

  const respond = createResponder({
    apiUrl,
    onError: failed('a card could not be replaced'),
    ...(fetch && { fetch }),
  });

  /**
   * Tells the person who has pressed, and nobody else, at the address that Slack gives with the press. A card that only this person sees
   * is replaced by the line.
   */
  async function replaceOwn(body: Fields, text: string, isCard = true): Promise<void> {
    const isAlone = fieldsOf(body.container).is_ephemeral === true;
    await respond(body, {
      text: escapeText(text),
      ...(isAlone && isCard ? { replace_original: true } : { response_type: 'ephemeral' }),
    });
  }

  /** Told once for each person and question. */
  async function whisper({ id, session }: StoredQuestion, user: string, text: string): Promise<void> {
    await putEphemeral(database, { key: `question/${id}/${user}`, ...threadOf(session), body: { user, text } });
    onAnswer();
  }

  async function answer(question: StoredQuestion, user: string, choice: string, given: Record<string, string>) {
    // This throws while Slack does not say who it is. Then nothing is stored, and the person has to press once more.
    const person = await directory.person(user);
    const press = { question: question.id, by: user, choice, given };
    const isMember = person?.class === 'member';
    return pressQuestion(database, { ...press, name: person?.name ?? 'Somebody', isMember });
  }

  async function tell(question: StoredQuestion, user: string, outcome: PressOutcome): Promise<void> {
    if (outcome === 'not-yours') {
      const { answerer } = question.asked;
      const owner = answerer === 'members' ? (await findSession(database, question.session))?.owner : answerer.person;
      if (owner) {
        const press = { session: question.session, owner, actor: user, kind: 'press' } as const;
        await noteHeldBack(database, { ...press, ts: question.id });
      }
      await whisper(question, user, await onlyText(question, user));
    }
    if (outcome === 'answered') await whisper(question, user, 'Somebody else has answered this already.');
    if (outcome === 'late' || outcome === 'gone') await whisper(question, user, LATE);
    onAnswer();
  }

  async function onlyText({ asked: { answerer } }: StoredQuestion, user: string): Promise<string> {
    if (answerer === 'members' || answerer.person === user)
      return "Only members of this workspace can answer this, and only its owner in a thread that works in a person's name. Your press has changed nothing.";
    const person = await directory.person(answerer.person).catch(() => null);
    return `Only ${person?.name ?? 'the person it is put to'} can answer this. Your press has changed nothing.`;
  }

  async function pressed(user: string, body: Fields): Promise<Handled | null> {
    const action = Array.isArray(body.actions) ? fieldsOf((body.actions as unknown[])[0]) : {};
    const { action_id: id, value } = action;
    if (typeof id !== 'string' || typeof value !== 'string' || !UUID.test(value)) return null;
    const prefix = [ANSWER_ACTION, FORM_ACTION].find((each) => id.startsWith(each));
    if (prefix === undefined) return null;
    const question = await findQuestion(database, value);
    // A card is answered where it was shown and nowhere else.
    if (!question || threadOf(question.session).channel !== fieldsOf(body.channel).id) {
      return { after: () => replaceOwn(body, LATE) };
    }
    const choice = question.asked.choices.find((each) => id === `${prefix}${each.id}`);
    if (choice?.form && prefix === FORM_ACTION) {
      const why = await whyNot(question, user);
      if (why) return { after: () => tell(question, user, why) };
      const view = questionForm(choice.form, question.asked.text, { question: question.id, choice: choice.id });
      const open = { trigger_id: body.trigger_id, view };
      return { after: () => calls.call('views.open', open).then(() => {}, failed('a form could not be opened')) };
    }
    const outcome = await answer(question, user, choice?.form ? '' : (choice?.id ?? ''), {});
    return { after: () => settle(question, user, outcome, body) };
  }

  async function settle(question: StoredQuestion, user: string, outcome: PressOutcome, body: Fields): Promise<void> {
    if (question.asked.shown === 'alone' && outcome !== 'not-yours') {
      const label = (await findQuestion(database, question.id)) ?? question;
      const chosen = label.asked.choices.find(({ id }) => id === label.choice)?.label;
      const said = outcome === 'taken' || outcome === 'again' ? `you chose “${chosen}”.` : LATE;
      await replaceOwn(body, `${question.asked.about}: ${said}`);
      return;
    }
    await tell(question, user, outcome);
  }

  /** Why a form is not opened for this person. It is judged once more when it is sent. */
  async function whyNot(question: StoredQuestion, user: string): Promise<PressOutcome | null> {
    const { session, asked, state, leftMs, by } = question;
    const { answerer } = asked;
    const owner = (await findSession(database, session))?.owner ?? user;
    const isTheirs = owner === user && (answerer === 'members' || answerer.person === user);
    if (!isTheirs || (await directory.person(user))?.class !== 'member') return 'not-yours';
    if (state === 'answered') return by === user ? 'again' : 'answered';
    return state === 'open' && leftMs > 0 ? null : 'late';
  }

  async function submitted(user: string, view: Fields): Promise<Handled> {
    const context = readContext(view.private_metadata);
    const question = context && UUID.test(context.question) ? await findQuestion(database, context.question) : null;
    const choice = question?.asked.choices.find(({ id }) => id === context?.choice);
    if (!question || !choice?.form) return { after: async () => {} };
    const { given, problems } = readForm(choice.form, view.state);
    if (Object.keys(problems).length > 0) return { response: { response_action: 'errors', errors: problems } };
    const outcome = await answer(question, user, choice.id, given);
    return { after: () => tell(question, user, outcome) };
  }

  return {
    async handle(body) {
      const found = fieldsOf(body);
      const user = fieldsOf(found.user).id;
      if (fieldsOf(found.team).id !== team || typeof user !== 'string') return null;
      const view = fieldsOf(found.view);
      const isForm = found.type === 'view_submission' && view.callback_id === QUESTION_VIEW;
      if (found.type !== 'block_actions' && !isForm) return null;
      try {
        const handled = isForm ? await submitted(user, view) : await pressed(user, found);
        const after = handled?.after;
        return handled && after
          ? { ...handled, after: () => after().catch(failed('what came of a press could not be told')) }
          : handled;
      } catch (error) {
        failed('a press could not be noted')(error);
        const first = isForm ? Object.keys(fieldsOf(fieldsOf(view.state).values))[0] : undefined;
        if (first !== undefined) return { response: { response_action: 'errors', errors: { [first]: NOT_NOTED } } };
        return { after: () => replaceOwn(found, NOT_NOTED, false) };
      }
    },
  };
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
