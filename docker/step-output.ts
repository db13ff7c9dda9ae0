/** Head, tail and the line between them fit; whatever sends more is not our starter. */
const MAX_OUTPUT = 1024 * 1024;

export interface StepOutput {
  add(bytes: Buffer): void;
  overflowed(): boolean;
  /** As text that any store takes: what is not UTF-8, and the zero byte, become the replacement character. */
  text(partLost: boolean): string;
}

/** Keeps the beginning, up to `MAX_OUTPUT` bytes. */
export function createStepOutput(): StepOutput {
  const chunks: Buffer[] = [];
  let kept = 0;
  let overflowed = false;
  return {
    add(bytes) {
      const part = bytes.subarray(0, MAX_OUTPUT - kept);
      if (part.length < bytes.length) overflowed = true;
      if (part.length === 0) return;
      chunks.push(part);
      kept += part.length;
    },
    overflowed: () => overflowed,
    text(partLost) {
      const text = Buffer.concat(chunks).toString('utf8').replaceAll('\0', '\uFFFD');
      return partLost ? `${text}\n[... output is missing here: the sandbox had no room to keep it ...]\n` : text;
    },
  };
}
