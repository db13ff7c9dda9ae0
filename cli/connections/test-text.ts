import type { ConnectionAnswer } from '../../proxy/control-client.ts';

/** What a test found, and what it means. */
export function testText(connection: string, answer: ConnectionAnswer): string {
  const { method, url, ms, status, refusal, location } = answer;
  const head = `${connection}: ${method} ${url}`;
  if (refusal) return `${head}\n  refused by the proxy: ${refusal.code}. ${refusal.message}\n  ${refusal.hint}`;
  return `${head}\n  the service answered ${status} in ${ms} ms: ${meaning(status ?? 0, location)}`;
}

/** Whether the service took the credential. A redirect or an unknown path says nothing about it. */
export function isGood({ status }: ConnectionAnswer): boolean {
  return status !== null && status >= 200 && status < 300;
}

function meaning(status: number, location: string | null): string {
  if (status >= 200 && status < 300) return 'the connection works.';
  if (status === 401) return 'it does not accept the credential.';
  if (status === 403) return 'it knows the credential, or not even that, and does not allow this request.';
  if (status === 404) return 'it has nothing at this path. Test another one.';
  if (status >= 300 && status < 400)
    return `it redirects to ${location ?? 'somewhere else'}. Redirects are not followed.`;
  if (status === 429) return 'it wants fewer requests. Try again later.';
  if (status >= 500) return 'it has a fault of its own. Try again later.';
  return 'it does not accept this request.';
}
