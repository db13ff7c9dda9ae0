/** What the model sees of one output. */
export const MODEL_OUTPUT_BYTES = 32 * 1024;
/** What is kept of it. */
export const KEPT_OUTPUT_BYTES = 1024 * 1024;

/**
 * An output as the model gets it: whole when it fits, else its beginning and its end with the cut named between them.
 * Bytes that are no UTF-8 become U+FFFD.
 */
export function capForModel(output: Buffer, totalBytes: number = output.length): { text: string; truncated: boolean } {
  if (totalBytes <= MODEL_OUTPUT_BYTES) return { text: output.toString('utf8'), truncated: false };
  const head = output.subarray(0, borderBefore(output, MODEL_OUTPUT_BYTES / 2));
  const tail = output.subarray(borderAfter(output, output.length - MODEL_OUTPUT_BYTES / 2));
  const left = totalBytes - head.length - tail.length;
  const lost = totalBytes > output.length ? `, of which the last ${totalBytes - output.length} were not kept` : '';
  const cut = `\n[… ${left} of ${totalBytes} bytes left out here${lost}. To see more, write output to a file and read parts of it. …]\n`;
  return { text: head.toString('utf8') + cut + tail.toString('utf8'), truncated: true };
}

/** Never between the bytes of one character. */
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
