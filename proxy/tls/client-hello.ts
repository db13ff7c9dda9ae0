/**
 * Reads the server name from the first bytes of a TLS connection (RFC 8446 4.1.2, RFC 6066 3). The proxy compares it
 * with the host of CONNECT before it shows a certificate or passes a byte on.
 */

export type ClientHello =
  | { readonly state: 'incomplete' }
  | { readonly state: 'invalid' }
  | {
      readonly state: 'complete';
      /** The name as it was sent. Null when there is none. */
      readonly serverName: string | null;
    };

/** Enough for post-quantum key shares; a browser's is about 2 KiB. */
export const CLIENT_HELLO_LIMIT = 16 * 1024;

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const RECORD_LIMIT = 16_384 + 256;
const SERVER_NAME_EXTENSION = 0;
const HOST_NAME = 0;

const INVALID: ClientHello = { state: 'invalid' };
const INCOMPLETE: ClientHello = { state: 'incomplete' };

/** Reads a ClientHello (RFC 8446 4.1.2) from the bytes that came so far. */
export function readClientHello(bytes: Buffer): ClientHello {
  const handshake = joinRecords(bytes);
  if (handshake === null) return INVALID;
  if (handshake.length >= 1 && handshake[0] !== CLIENT_HELLO) return INVALID;
  if (handshake.length < 4) return INCOMPLETE;
  const length = handshake.readUIntBE(1, 3);
  if (length > CLIENT_HELLO_LIMIT) return INVALID;
  if (handshake.length < 4 + length) return INCOMPLETE;
  try {
    return { state: 'complete', serverName: serverNameOf(reader(handshake.subarray(4, 4 + length))) };
  } catch {
    return INVALID;
  }
}

/**
 * Joins the records that the handshake message is spread over. What follows the message is ignored. Null when the bytes
 * are not handshake records.
 */
function joinRecords(bytes: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  let at = 0;
  let joined = 0;
  let wanted: number | null = null;
  while (at < bytes.length && (wanted === null || joined < wanted)) {
    if (bytes[at] !== HANDSHAKE_RECORD) return null;
    // The major version is 3 in every version of TLS (RFC 8446 5.1).
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return null;
    if (at + 5 > bytes.length) break;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > RECORD_LIMIT) return null;
    parts.push(bytes.subarray(at + 5, Math.min(at + 5 + length, bytes.length)));
    at += 5 + length;
    joined += parts.at(-1)?.length ?? 0;
    if (wanted === null && joined >= 4) wanted = 4 + Buffer.concat(parts).readUIntBE(1, 3);
  }
  return Buffer.concat(parts);
}

interface Reader {
  skip(count: number): void;
  uint(bytes: 1 | 2): number;
  /** Reads a length of 1 or 2 bytes, then that many bytes. */
  vector(lengthBytes: 1 | 2): Buffer;
  readonly done: boolean;
}

/** @throws RangeError when the message ends too early */
function reader(bytes: Buffer): Reader {
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > bytes.length) throw new RangeError('the message ends too early');
    at += count;
    return bytes.subarray(at - count, at);
  };
  const uint = (count: 1 | 2): number => take(count).readUIntBE(0, count);
  return {
    skip: (count) => void take(count),
    uint,
    vector: (lengthBytes) => take(uint(lengthBytes)),
    get done() {
      return at === bytes.length;
    },
  };
}

function serverNameOf(hello: Reader): string | null {
  hello.skip(2 + 32);
  hello.vector(1); // session id
  hello.vector(2); // cipher suites
  hello.vector(1); // compression methods
  if (hello.done) return null;
  const extensions = reader(hello.vector(2));
  let found: string | null = null;
  let seen = false;
  while (!extensions.done) {
    const type = extensions.uint(2);
    const data = extensions.vector(2);
    if (type !== SERVER_NAME_EXTENSION) continue;
    // Each extension may come only once (RFC 8446 4.2). With two names, proxy and host could read different ones.
    if (seen) throw new RangeError('the server name is sent twice');
    seen = true;
    found = hostNameOf(reader(reader(data).vector(2)));
  }
  return found;
}

function hostNameOf(list: Reader): string | null {
  let name: string | null = null;
  while (!list.done) {
    const type = list.uint(1);
    const value = list.vector(2);
    if (type !== HOST_NAME) continue;
    if (name !== null) throw new RangeError('two host names in one extension');
    name = value.toString('latin1');
  }
  return name;
}
