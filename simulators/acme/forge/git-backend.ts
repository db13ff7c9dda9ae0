import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface GitRequest {
  /** Folder that holds `acme/shop.git` and the like. */
  readonly root: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: string;
  /** Whom git names as the one who pushes. Without it git refuses every push. */
  readonly user: string;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD = 16_384;

/**
 * Answers a request of git's smart protocol by `git http-backend`, git's own server, over CGI (RFC 3875). Bodies stream in
 * both directions.
 *
 * @returns the status that was answered
 */
export async function answerByGit({ root, request, response, path, query, user }: GitRequest): Promise<number> {
  const { headers } = request;
  const git = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env.PATH,
      // The machine's own git configuration must not change what the simulated forge does.
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GATEWAY_INTERFACE: 'CGI/1.1',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: path,
      QUERY_STRING: query,
      REMOTE_USER: user,
      REMOTE_ADDR: '127.0.0.1',
      ...(headers['content-type'] && { CONTENT_TYPE: headers['content-type'] }),
      ...(headers['content-length'] && { CONTENT_LENGTH: headers['content-length'] }),
      ...(headers['content-encoding'] && { HTTP_CONTENT_ENCODING: headers['content-encoding'] }),
      ...(typeof headers['git-protocol'] === 'string' && { GIT_PROTOCOL: headers['git-protocol'] }),
    },
  });
  const failed = new Promise<never>((_, reject) => {
    git.once('error', () => reject(new Error('git cannot be started on this machine')));
  });
  // git may end before it has read everything, and the client may go away before it has read the answer.
  git.stdin.on('error', () => {});
  response.once('close', () => git.kill());
  request.pipe(git.stdin);

  let head = Buffer.alloc(0);
  let status = 0;
  async function carry(): Promise<number> {
    for await (const chunk of git.stdout as AsyncIterable<Buffer>) {
      if (status === 0) {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf(HEAD_END);
        if (end < 0 && head.length < MAX_HEAD) continue;
        if (end < 0) throw new Error('git http-backend answered without a head');
        const fields = head.subarray(0, end).toString('latin1').split('\r\n').map(splitField);
        status = Number(fields.find(([name]) => name === 'status')?.[1].slice(0, 3) ?? 200);
        response.writeHead(status, Object.fromEntries(fields.filter(([name]) => name !== 'status')));
        response.write(head.subarray(end + HEAD_END.length));
      } else if (!response.write(chunk)) {
        await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
      }
    }
    if (status === 0) throw new Error('git http-backend ended without an answer');
    response.end();
    return status;
  }
  return Promise.race([carry(), failed]);
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
