export interface ServerSentEvent {
  readonly name: string;
  readonly data: string;
}

/**
 * Reads a stream of server-sent events (WHATWG HTML §9.2.6) as it comes. Only what a stream of ours has: `event` and
 * `data` lines, comments, and blank lines between.
 */
export async function* readServerSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const records = rest.split('\n\n');
    rest = records.pop() ?? '';
    for (const record of records) {
      let name = 'message';
      const data: string[] = [];
      for (const line of record.split('\n')) {
        if (line.startsWith('event:')) name = line.slice(6).trim();
        if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
      }
      if (data.length > 0) yield { name, data: data.join('\n') };
    }
  }
}
