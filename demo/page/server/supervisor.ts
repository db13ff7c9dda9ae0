import { request } from 'node:http';

const TIMEOUT_MS = 3_000;

/**
 * Asks `up` to kill one of its processes with SIGKILL; it starts it again by itself.
 * @param socketPath `control` of setup.json
 */
export function killProcess(socketPath: string, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, path: `/processes/${name}/kill`, method: 'POST', timeout: TIMEOUT_MS },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve();
          else reject(new Error(`the supervisor answered ${status} ${text.slice(0, 200)}`));
        });
      },
    );
    call.on('timeout', () => call.destroy(new Error('the supervisor did not answer in time')));
    call.on('error', reject).end();
  });
}
