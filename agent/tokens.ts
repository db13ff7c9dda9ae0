/** Bytes of UTF-8 a token stands for: a little low for prose, about right for code and command output. */
const BYTES_PER_TOKEN = 3.5;
/** What the frame of a message or block costs besides its text. */
const FRAME_TOKENS = 8;

/**
 * A guess at what a text costs in a model's context, in tokens. It only bridges the rows since the last model call,
 * whose true count is in its usage.
 */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN) + FRAME_TOKENS;
}
