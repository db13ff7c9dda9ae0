/** What people in the thread are asked because of MCP servers. */
import { createHash } from 'node:crypto';
import type { Answer, Answerer, Question } from '../../contracts/questions.ts';
import { ownerOf, type ScopeKey } from '../../contracts/scope.ts';
import { visibleText } from '../../contracts/visible-text.ts';
import type { Elicitation, Elicited } from '../../mcp/elicitation.ts';

/** What of a call's arguments stands on the card. Longer ones are posted as a file before it. */
export const SHOWN_ARGUMENTS = 1_500;
/** What of a server's words stands on the card. */
const SHOWN_WORDS = 1_000;
const APPROVED = 'allow';
const ANSWERED = 'answer';

/** A tool of a server, as people know it, and the person whose server it is. */
export interface AskedTool {
  readonly server: string;
  /** `linear-tools.create_issue` */
  readonly shown: string;
  readonly owner: string | undefined;
}

/** Only its owner says what is done with a person's credential. */
function ownerAlone({ owner }: AskedTool): Answerer | null {
  const person = owner === undefined ? null : ownerOf(owner as ScopeKey);
  return person && { person: person.person };
}

/**
 * Asks whether one call may be made. In a channel every member may say so, because everybody there may use what the channel has.
 *
 * @param json the arguments as JSON
 */
export function approvalOf(tool: AskedTool, json: string): Question {
  const args = visibleText(json);
  const isWhole = args.length <= SHOWN_ARGUMENTS;
  const told = isWhole ? args : `${args.slice(0, SHOWN_ARGUMENTS)}… (all of it is in the file above)`;
  return {
    name: 'approve',
    text: `I want to call ${tool.shown}, which needs somebody's word each time. With this: ${told}`,
    about: `A call of ${tool.shown}`,
    answerer: ownerAlone(tool) ?? 'members',
    choices: [
      { id: APPROVED, label: 'Allow this call', style: 'primary' },
      { id: 'deny', label: 'Deny', style: 'danger' },
    ],
    shown: 'thread',
  };
}

/** Null: the call may be made. Otherwise what the model is told. */
export function whyNotApproved(shown: string, answer: Answer): string | null {
  if (answer.state === 'answered' && answer.choice === APPROVED) return null;
  const why = {
    answered: 'somebody in the thread has denied it. Do not try the same again; say what was not done',
    expired: 'nobody in the thread has allowed it in time. Say in your answer that it waits for somebody',
    withdrawn: 'the turn was over before anybody answered',
    nobody: 'there is nobody who could allow it',
  }[answer.state];
  return `${shown} was not called: each call needs somebody who allows it, and ${why}.`;
}

/**
 * Puts a server's own question to the person for whom the turn works, who alone can answer it.
 *
 * @param count which question of the call it is
 */
export function elicitationOf(tool: AskedTool, { message, fields, problem }: Elicitation, count: number): Question {
  // A repeated attempt finds its own answer. What the server asks otherwise this time is another question, and asked anew.
  const digest = createHash('sha256')
    .update(JSON.stringify([message, fields, problem]))
    .digest('hex')
    .slice(0, 16);
  const again = problem === null ? '' : `\nWhat you entered does not fit: ${shortened(visibleText(problem))}.`;
  const form = fields.length === 0 ? {} : { form: { title: 'Answer', fields } };
  return {
    name: `elicit-${count}-${digest}`,
    text: `The MCP server ${tool.server} asks this while ${tool.shown} runs, in its own words: “${shortened(visibleText(message))}”${again}\nWhat you enter goes to that server. Enter no password and no token.`,
    about: `A question of ${tool.server}`,
    answerer: ownerAlone(tool) ?? 'requester',
    choices: [
      { id: ANSWERED, label: fields.length === 0 ? 'Accept' : 'Answer', style: 'primary', ...form },
      { id: 'decline', label: 'Decline' },
      { id: 'cancel', label: 'Cancel' },
    ],
    shown: 'thread',
  };
}

/** What is said after the server's words is never cut off by them. */
function shortened(words: string): string {
  return words.length > SHOWN_WORDS ? `${words.slice(0, SHOWN_WORDS)}… (cut)` : words;
}

/** What the server is told. Nobody's answer is a cancel, as it is when a person closes a form. */
export function elicitedBy(answer: Answer): Elicited {
  if (answer.state !== 'answered') return { action: 'cancel' };
  if (answer.choice === ANSWERED) return { action: 'accept', given: answer.given };
  return { action: answer.choice === 'decline' ? 'decline' : 'cancel' };
}
