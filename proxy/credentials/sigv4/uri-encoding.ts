/** Bytes that AWS leaves as they are. Every other one is written as `%` and two capitals (RFC 3986 2.3). */
const UNRESERVED = /^[A-Za-z0-9\-._~]$/;

/**
 * Percent-encodes a text as AWS does.
 * @param text one character a byte (latin1)
 */
export function uriEncode(text: string): string {
  return [...text]
    .map((byte) =>
      UNRESERVED.test(byte) ? byte : `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
}

/** Takes percent-encoding off, once. A percent sign that encodes nothing stays. One character a byte. */
export function uriDecode(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
