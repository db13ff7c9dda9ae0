import { StringDecoder } from 'node:string_decoder';

/** What is kept of a line. More of it is of no use to a person. */
const MAX_LINE = 4_096;

/**
 * The lines of an output, each cut at 4,096 characters. A program may write for ever without ending a line, and a reader that waits for the
 * end would keep all of it.
 */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let line = '';
  for await (const chunk of stream) {
    const [first = '', ...others] = decoder.write(chunk).split(/\r\n|\n|\r/);
    line = (line + first).slice(0, MAX_LINE);
    for (const other of others) {
      yield line;
      line = other.slice(0, MAX_LINE);
    }
  }
  line = (line + decoder.end()).slice(0, MAX_LINE);
  if (line !== '') yield line;
}
