import readline from 'node:readline/promises';

/** Asks before something that cannot be undone. Without a terminal nobody can answer, so `--yes` is needed there. */
export async function askOnTerminal(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Error('there is no terminal to ask on; --yes does it without asking');
  const terminal = readline.createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^\s*y(es)?\s*$/i.test(await terminal.question(`${question} [y/N] `));
  } finally {
    terminal.close();
  }
}
