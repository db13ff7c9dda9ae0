import type { ReadStream } from 'node:tty';

const MAX_BYTES = 1024 * 1024;
const ENTER = /[\r\n]/;
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const BACKSPACE = /[\b\u007f]/;

export interface HiddenOptions {
  readonly question: string;
  /** Whether the text may have several lines. Then Ctrl-D ends it, and otherwise Enter. */
  readonly lines: boolean;
}

/**
 * Reads a secret. On a terminal it is asked for and not shown. From a pipe everything is read, and one line break at the
 * end is dropped.
 * @throws Error when it is broken off with Ctrl-C, or when nothing comes
 */
export async function readHidden(
  options: HiddenOptions,
  input = process.stdin,
  output = process.stderr,
): Promise<string> {
  const text = input.isTTY ? await ask(options, input, output) : await all(input);
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new Error('no secret was given, so nothing was changed');
  return secret;
}

async function all(input: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk as Buffer);
    size += bytes.length;
    if (size > MAX_BYTES) throw new Error('this is longer than any secret');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function ask({ question, lines }: HiddenOptions, input: ReadStream, output: NodeJS.WritableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const end = (finish: () => void) => {
      input.off('data', onData);
      input.setRawMode(false);
      input.pause();
      output.write('\n');
      finish();
    };
    const onData = (bytes: Buffer) => {
      for (const key of bytes.toString('utf8')) {
        if (key === CTRL_C) return end(() => reject(new Error('broken off; nothing was changed')));
        if (key === CTRL_D || (!lines && ENTER.test(key))) return end(() => resolve(text));
        if (BACKSPACE.test(key)) text = [...text].slice(0, -1).join('');
        else text += key === '\r' ? '\n' : key;
        if (text.length > MAX_BYTES) return end(() => reject(new Error('this is longer than any secret')));
      }
    };
    // In raw mode the terminal shows nothing of what is typed. So it is set before anybody is asked to type.
    input.setRawMode(true);
    output.write(`${question}${lines ? ' (end with Ctrl-D)' : ''}: `);
    input.on('data', onData);
    input.resume();
  });
}
