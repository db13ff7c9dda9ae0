import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { startCallClock } from './call-clock.ts';
import { answerQuestions, type Elicit } from './elicitation.ts';
import { McpError, quoted } from './errors.ts';
import { asMcpError } from './sdk-errors.ts';
import type { McpSession, SessionLimits } from './session.ts';
import { type Piece, ReadSchema, ResultSchema, readLinked, readPieces, readResult } from './tool-answer.ts';
import { type ListedTool, PageSchema, readListed } from './tool-definition.ts';

/** A server has at most this many tools. Further ones are not looked at. */
const MAX_TOOLS = 200;
const MAX_PAGES = 20;
/** Of one answer. */
const MAX_LINKS = 10;
/** The clock of the call says when it is late. The SDK's own cannot be stopped while a person is asked. */
const NEVER_MS = 2 ** 31 - 1;

export interface TalkOptions {
  readonly client: Client;
  readonly limits: SessionLimits;
  /** Ends everything that is under way. */
  readonly stop: AbortSignal;
  /** Awaits a call of the SDK, and throws in our words. @default {@link asMcpError} for every error */
  readonly sdk?: <R>(work: Promise<R>) => Promise<R>;
}

/** What is said to a server that was greeted, whatever it is reached by. */
export function createTalk({ client, limits, stop, sdk = inOurWords }: TalkOptions): McpSession {
  const options = { signal: stop, timeout: limits.listMs };

  /** Puts what an answer links to in the place of the link. A resource that cannot be read stays a link. */
  async function withLinks(content: readonly Piece[]): Promise<Piece[]> {
    if (!client.getServerCapabilities()?.resources) return [...content];
    const pieces: Piece[] = [];
    let links = 0;
    for (const piece of content) {
      const isLink = piece.type === 'resource_link' && typeof piece.uri === 'string';
      if (isLink) links += 1;
      if (!isLink || links > MAX_LINKS) {
        pieces.push(piece);
        continue;
      }
      const asked = { method: 'resources/read', params: { uri: String(piece.uri) } } as const;
      const read = await sdk(client.request(asked, ReadSchema, options)).catch((error: unknown) => {
        if (stop.aborted || !(error instanceof McpError)) throw error;
        return null;
      });
      pieces.push(...(read ? readLinked(read.contents) : [piece]));
    }
    return pieces;
  }

  const server = client.getServerVersion();
  return {
    name: quoted(`${server?.name ?? ''} ${server?.version ?? ''}`, 100),
    async listTools() {
      const tools: ListedTool[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const params = cursor === undefined ? {} : { cursor };
        const answer = await sdk(client.request({ method: 'tools/list', params }, PageSchema, options));
        // Further ones are not even read: a page may have a hundred thousand.
        const some = answer.tools.slice(0, MAX_TOOLS - tools.length);
        for (const each of understood(() => some.flatMap(readListed))) tools.push(each);
        cursor = answer.nextCursor;
        if (cursor === undefined || tools.length >= MAX_TOOLS) break;
      }
      // Of two with one name, nobody could say which is called.
      const names = new Set<string>();
      const first = tools.filter(({ definition: { name } }) => !names.has(name) && names.add(name));
      return first.slice(0, MAX_TOOLS);
    },
    async callTool({ name, arguments: given, onProgress, elicit }) {
      const clock = startCallClock(limits.silenceMs, limits.callMs);
      const ended = new AbortController();
      const asking: Elicit | null = elicit
        ? (asked, signal) => clock.without(() => elicit(asked, AbortSignal.any([signal, ended.signal])))
        : null;
      answerQuestions(client, asking);
      try {
        const answer = await sdk(
          client.request({ method: 'tools/call', params: { name, arguments: given } }, ResultSchema, {
            signal: AbortSignal.any([stop, clock.late]),
            timeout: NEVER_MS,
            onprogress({ progress, total }) {
              clock.heard();
              onProgress(shown(progress, total));
            },
          }),
        );
        const { pieces, notes } = readPieces(answer.content);
        const content = await withLinks(pieces);
        return understood(() => readResult({ ...answer, content, notes }));
      } finally {
        clock.stop();
        // A server that answers, or is given up, while a person is asked waits for them no longer.
        ended.abort();
      }
    },
  };
}

async function inOurWords<R>(work: Promise<R>): Promise<R> {
  return await work.catch((error: unknown) => {
    throw asMcpError(error);
  });
}

function shown(progress: number, total: number | undefined): string {
  const text = (number: number) => String(Math.round(number * 100) / 100).slice(0, 12);
  return total === undefined ? text(progress) : `${text(progress)} of ${text(total)}`;
}

/** What is nested too deeply is more than the stack holds. */
function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new McpError('ServerFailed', 'The server does not answer as an MCP server does.', { cause: error });
  }
}
