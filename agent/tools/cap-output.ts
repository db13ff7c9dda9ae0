/** The most bytes of one output that the model sees. */
export const MODEL_OUTPUT_BYTES = 32 * 1024;
/**
 * Shortens an output for the model. An output that fits stays whole. Otherwise its beginning and end stay, with a line
 * about the cut between them.
 *
 * @param totalBytes how much was written in all, if `output` is only a part of it
 */
export function capForModel(output: string, totalBytes?: number): { text: string; truncated: boolean } {
  const bytes = Buffer.from(output, 'utf8');
  const all = Math.max(totalBytes ?? 0, bytes.length);
  if (bytes.length <= MODEL_OUTPUT_BYTES) return { text: output, truncated: all > bytes.length };
  const head = bytes.subarray(0, borderBefore(bytes, MODEL_OUTPUT_BYTES / 2));
  const tail = bytes.subarray(borderAfter(bytes, bytes.length - MODEL_OUTPUT_BYTES / 2));
  const left = all - head.length - tail.length;
  const cut = `\n[… ${left} of ${all} bytes left out here. To see more, write output to a file and read parts of it. …]\n`;
  return { text: head.toString('utf8') + cut + tail.toString('utf8'), truncated: true };
}

/** The nearest border between characters at or before `at`. */
function borderBefore(bytes: Buffer, at: number): number {
  let border = at;
  while (border > 0 && isContinuation(bytes[border])) border--;
  return border;
}

function borderAfter(bytes: Buffer, at: number): number {
  let border = Math.max(0, at);
  while (border < bytes.length && isContinuation(bytes[border])) border++;
  return border;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
