import { type Database, inTransaction } from '../../store/database.ts';
import { type Looks, startLooks } from '../../store/looks.ts';
import { putMessage } from '../../store/outbox.ts';
import { type AnsweredTest, takeAnsweredTests } from '../../store/personal-tests.ts';
import { isConnectedText, renewButton, titleOf } from './words.ts';

export interface TestTellerOptions {
  readonly database: Database;
  /** Something may be waiting in the outbox now. */
  readonly onTold: () => void;
  readonly onError: (error: unknown) => void;
  /** How often to look without being poked. @default 2000 */
  readonly everyMs?: number;
}

/** Tells people what came of the tests they asked for. Each is told once: what is taken is told in one transaction. */
export function createTestTeller({ database, onTold, onError, everyMs = 2_000 }: TestTellerOptions): Looks {
  async function tell(): Promise<void> {
    const told = await inTransaction(database, async (tx) => {
      const answered = await takeAnsweredTests(tx);
      for (const each of answered) {
        const { key, team, channel, threadTs, isNew } = each;
        const text = isNew ? connectedText(each) : testText(each);
        const buttons = needsRenewal(each) ? { buttons: [renewButton(each.connection)] } : {};
        const body = { kind: 'notice', text, ...buttons } as const;
        // It replaces the message that says that the test is under way.
        await putMessage(tx, { key, team, channel, threadTs, body, final: true });
      }
      return answered.length;
    });
    if (told > 0) onTold();
  }

  return startLooks({ look: tell, onError, everyMs });
}

/** Whether only another token helps. */
function needsRenewal({ status, code }: AnsweredTest): boolean {
  return code === 'inject_failed' || (code === null && status === 401);
}

/** What a person is told of a connection that they have just entered, with what came of its test. */
function connectedText(test: AnsweredTest): string {
  const isConnected = isConnectedText({ name: test.connection });
  // What the service does not accept is not told as connected.
  if (test.status === 401) return `I have kept what you entered, but I cannot use it: ${testText(test)}`;
  // Where nothing can be tested, there is nothing to say of it.
  return test.code === 'no_test' ? isConnected : `${isConnected}\n${testText(test)}`;
}

/** What a person is told of a test, with what they can do. */
export function testText({ connection, status, code }: Pick<AnsweredTest, 'connection' | 'status' | 'code'>): string {
  const title = titleOf({ name: connection });
  const again = `write \`renew ${connection}\` and paste a new one`;
  if (code === 'not_connected') return `You have not connected ${connection}: write \`connect ${connection}\`.`;
  if (code === 'no_test') return `There is no request by which ${title} could be tested. Ask me to use it.`;
  if (code === 'inject_failed') return `Your token of ${title} cannot be used with what is offered now: ${again}.`;
  if (code !== null) return `The test did not reach ${title} (${code}). Ask an administrator, and name this code.`;
  if (status === null) return `Nobody has tested ${title} for a minute. Please try again later.`;
  if (status === 401) return `${title} does not accept your token (401): ${again}.`;
  if (status < 300) return `${title} accepts your token (${status}).`;
  if (status < 400) {
    return `${title} sends the test elsewhere (${status}), which says nothing about your token. The service redirects: ask an administrator whether its address is right.`;
  }
  return `${title} answered ${status}. Your token may lack a right, or the service asks for something else.`;
}
