import type { AnswerRoom } from './answer-budget.ts';
import { McpError } from './errors.ts';
import { createValueCounter } from './json-values.ts';

/** What a server may say in one session, whatever it is reached by. Each method throws {@link McpError} beyond it. */
export interface AnswerBounds {
  /** A piece of its answers has come, and is about to be read. */
  read(chunk: Uint8Array): void;
  /** It has asked something itself. */
  question(): void;
}

/** How often a server may ask something itself in one session. The SDK answers each at once, and over HTTP each answer is a request that is recorded. */
const MAX_QUESTIONS = 50;

/** What a value of JSON takes in memory. It may have two letters. */
const VALUE_BYTES = 48;

/**
 * @param maxBytes of all answers together
 * @param room where they are counted beside those of other sessions. Null where nothing else is read
 */
export function createAnswerBounds(maxBytes: number, room: AnswerRoom | null): AnswerBounds {
  const valuesIn = createValueCounter();
  let received = 0;
  let values = 0;
  let questions = 0;
  return {
    read(chunk) {
      received += chunk.length;
      if (received > maxBytes) throw tooLarge(`The answer is larger than ${maxBytes} bytes`);
      const more = valuesIn(chunk);
      values += more;
      if (received + values * VALUE_BYTES > maxBytes) throw tooLarge('The answer is a list of too many values');
      if (room?.take(chunk.length + more * VALUE_BYTES) === false)
        throw tooLarge('Too many large answers are read at once');
    },
    question() {
      questions += 1;
      if (questions > MAX_QUESTIONS) {
        throw new McpError('ServerFailed', 'The server asked too many questions of its own.');
      }
    },
  };
}

function tooLarge(why: string): McpError {
  return new McpError('AnswerTooLarge', `${why}, so it was not read to its end.`);
}
