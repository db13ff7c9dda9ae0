import type { Database } from '../../store/database.ts';
import { type Looks, startLooks } from '../../store/looks.ts';
import { expireQuestions, markQuestionTold, type StoredQuestion, untoldQuestions } from '../../store/questions.ts';
import { setStatusAgain } from '../../store/working-status.ts';
import type { SessionSignals } from '../delivery/session-signals.ts';

export interface AnswerTellerOptions {
  readonly database: Database;
  readonly signals: Pick<SessionSignals, 'answered'>;
  /** A question that no turn has asked is closed. */
  readonly onConfirmed: (question: StoredQuestion) => Promise<void>;
  /** Something may be waiting in the outbox now. */
  readonly onTold: () => void;
  readonly onError: (error: unknown) => void;
  /** How often to look without being poked. @default 2000 */
  readonly everyMs?: number;
}

const AT_ONCE = 100;

/**
 * Closes questions whose time is over, and signals the sessions of all that are closed. A press is stored before its session is told, so
 * that no press is lost: a gateway that dies in between leaves it to the next look of any gateway, and so does a Temporal that is
 * away. A session that is told twice looks twice, and nothing else.
 */
export function createAnswerTeller(options: AnswerTellerOptions): Looks {
  const { database, signals, onConfirmed, onTold, onError, everyMs = 2_000 } = options;

  async function tell(isStopped: () => boolean): Promise<void> {
    // A row that fails keeps no other one back. It is tried again at the next look.
    const failures: unknown[] = [];
    const noteFailure = (error: unknown) => {
      failures.push(error);
      return 0;
    };
    if ((await expireQuestions(database, AT_ONCE).catch(noteFailure)) > 0) onTold();
    const closed = await untoldQuestions(database, AT_ONCE);
    let told = 0;
    for (const question of closed) {
      if (isStopped()) break;
      await tellOf(question).then(() => (told += 1), noteFailure);
    }
    if (told > 0) onTold();
    // A look in which nothing could be told is not repeated at once.
    if (told > 0 && closed.length === AT_ONCE) looks.poke();
    if (failures.length > 0) throw failures[0];
  }

  async function tellOf(question: StoredQuestion): Promise<void> {
    if (question.turn === null) await onConfirmed(question);
    else await signals.answered(question.session);
    await markQuestionTold(database, question.id);
    if (question.turn !== null) await setStatusAgain(database, question.session);
  }

  const looks = startLooks({ look: tell, onError, everyMs });
  return looks;
}
