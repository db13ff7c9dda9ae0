import { execFile, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** git's own server, behind the HTTP of a test origin. It takes what the Authorization header must be. */
export interface GitServer {
  readonly onRequest: RequestListener;
  /** The commit of a ref of a repository, or an empty text. */
  revision(repository: string, ref: string): Promise<string>;
  /** How many bytes of bodies it was sent. */
  readonly received: { bytes: number };
}

export interface GitServerOptions {
  /** Where the bare repositories are. */
  readonly root: string;
  readonly authorization: string;
  /** Answers what is not git. */
  readonly otherwise?: RequestListener;
}

const GIT_PATH = /^(?!.*\/info\/lfs\/).*\/(?:info\/refs|git-upload-pack|git-receive-pack|HEAD|objects\/.*)$/;

export function createGitServer({ root, authorization, otherwise }: GitServerOptions): GitServer {
  const received = { bytes: 0 };
  return {
    received,
    async revision(repository, ref) {
      const { stdout } = await run('git', ['for-each-ref', '--format=%(objectname)', ref], {
        cwd: path.join(root, `${repository}.git`),
      });
      return stdout.trim();
    },
    onRequest(request, response) {
      const url = new URL(request.url ?? '/', 'http://x');
      if (request.headers.authorization !== authorization) {
        request.resume();
        response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' });
        response.end();
        return;
      }
      if (!GIT_PATH.test(url.pathname)) {
        if (otherwise) otherwise(request, response);
        else response.writeHead(404).end();
        return;
      }
      const header = (name: string) => String(request.headers[name] ?? '');
      const child = spawn('git', ['http-backend'], {
        env: {
          PATH: process.env.PATH,
          GIT_PROJECT_ROOT: root,
          GIT_HTTP_EXPORT_ALL: '1',
          PATH_INFO: url.pathname,
          QUERY_STRING: url.search.slice(1),
          REQUEST_METHOD: request.method,
          CONTENT_TYPE: header('content-type'),
          ...(request.headers['content-length'] ? { CONTENT_LENGTH: header('content-length') } : {}),
          HTTP_CONTENT_ENCODING: header('content-encoding'),
          GIT_PROTOCOL: header('git-protocol'),
          REMOTE_USER: 'bellhop',
          REMOTE_ADDR: '127.0.0.1',
        },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      request.on('data', (chunk: Buffer) => (received.bytes += chunk.length));
      request.pipe(child.stdin);
      child.stdin.on('error', () => {});
      request.on('aborted', () => child.kill());
      let head = Buffer.alloc(0);
      let isHead = true;
      child.stdout.on('data', (chunk: Buffer) => {
        if (!isHead) {
          response.write(chunk);
          return;
        }
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end === -1) return;
        isHead = false;
        let status = 200;
        for (const line of head.toString('latin1', 0, end).split('\r\n')) {
          const [name = '', ...value] = line.split(': ');
          if (name === 'Status') status = Number.parseInt(value.join(': '), 10);
          else response.setHeader(name, value.join(': '));
        }
        response.writeHead(status);
        response.write(head.subarray(end + 4));
      });
      child.stdout.on('end', () => response.end());
    },
  };
}

/** A bare repository with one commit on `main`. */
export async function createRepository(root: string, name: string): Promise<void> {
  const bare = path.join(root, `${name}.git`);
  await mkdir(bare, { recursive: true });
  await run('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  await run('git', ['config', 'http.receivepack', 'true'], { cwd: bare });
  await run('git', ['config', 'receive.advertisePushOptions', 'true'], { cwd: bare });
  await run('git', ['config', 'receive.certNonceSeed', 'x'], { cwd: bare });
  const commit = await run('sh', ['-c', 'git commit-tree -m first $(git hash-object -w -t tree /dev/null)'], {
    cwd: bare,
    env: { ...process.env, ...AUTHOR },
  });
  await run('git', ['update-ref', 'refs/heads/main', commit.stdout.trim()], { cwd: bare });
}

export const AUTHOR = {
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@a.test',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@a.test',
};
