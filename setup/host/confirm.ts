import readline from 'node:readline/promises';

/**
 * Asks on the terminal, where Enter is yes. Without a terminal nobody can answer: the question is printed as what is done,
 * and the answer is yes.
 */
export async function confirm(
  question: string,
  unattended: (question: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    unattended(question);
    return true;
  }
  const terminal = readline.createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [Y/n] `, { signal });
    return !/^\s*n/i.test(answer);
  } finally {
    terminal.close();
  }
}
