import type { IncomingMessage } from 'node:http';

/**
 * The head of a request that offers another protocol, as bytes, so that it is read as an ordinary request. Only the
 * word `upgrade` in its Connection header is left out. The Upgrade header stays: it is judged, and never sent on.
 *
 * @param request as Node's parser read it, so its parts have no line breaks
 */
export function withoutOffer({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    lines.push(`${name}: ${name.toLowerCase() === 'connection' ? withoutUpgrade(value) : value}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function withoutUpgrade(value: string): string {
  return value
    .split(',')
    .filter((word) => word.trim().toLowerCase() !== 'upgrade')
    .join(',');
}
