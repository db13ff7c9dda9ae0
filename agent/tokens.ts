/** How many bytes of UTF-8 one token stands for: a little low for prose, about right for code and command output. */
const BYTES_PER_TOKEN = 3.5;
/** What the frame of a message or block costs besides its text. */
const FRAME_TOKENS = 8;

/**
 * An estimate of what a text costs in a model's context, in tokens. It is only used for rows that are newer than the last
 * model call; that call's usage says the true count of everything before.
 */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN) + FRAME_TOKENS;
}

/** A count that a server gives. Anything may be missing or wrong there: then it is 0. */
export function countedTokens(given: unknown): number {
  return Number.isSafeInteger(given) && (given as number) > 0 ? (given as number) : 0;
}

/** What a picture costs at most, once it is as small as every picture is made here. */
export const PICTURE_TOKENS = 3_300;

/** The same of a whole request, for servers that do not count. The bytes of pictures are no text. */
export function estimateRequest(system: string, messages: readonly unknown[]): number {
  let pictures = 0;
  const text = JSON.stringify([system, messages], (key, value) => {
    if (key !== 'data' || typeof value !== 'string') return value;
    pictures += 1;
    return '';
  });
  return estimateTokens(text) + pictures * PICTURE_TOKENS;
}
