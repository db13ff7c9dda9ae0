import type { AnswerRoom } from './answer-budget.ts';
import { McpError } from './errors.ts';

/** What a server may say in one session, whatever it is reached by. Each method throws {@link McpError} beyond it. */
export interface AnswerBounds {
  /** Bytes of its answers have come. */
  read(bytes: number): void;
  /** It has asked something itself. */
  question(): void;
}

/** How often a server may ask something itself in one session. The SDK answers each at once, and over HTTP each answer is a request that is recorded. */
const MAX_QUESTIONS = 50;

/**
 * @param maxBytes of all answers together
 * @param room where they are counted beside those of other sessions. Null where nothing else is read
 */
export function createAnswerBounds(maxBytes: number, room: AnswerRoom | null): AnswerBounds {
  let received = 0;
  let questions = 0;
  return {
    read(bytes) {
      received += bytes;
      const why =
        received > maxBytes
          ? `The answer is larger than ${maxBytes} bytes`
          : room?.take(bytes) === false
            ? 'Too many large answers are read at once'
            : null;
      if (why !== null) throw new McpError('AnswerTooLarge', `${why}, so it was not read to its end.`);
    },
    question() {
      questions += 1;
      if (questions > MAX_QUESTIONS) {
        throw new McpError('ServerFailed', 'The server asked too many questions of its own.');
      }
    },
  };
}
