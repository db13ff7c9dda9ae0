/**
 * Reads the server name out of the first bytes of a TLS connection (RFC 8446 4.1.2, RFC 6066 3), so that nothing is
 * answered, dialled or sent on before it is known to be the host of CONNECT.
 */

export type ClientHello =
  | { readonly state: 'incomplete' }
  | { readonly state: 'invalid' }
  | {
      readonly state: 'complete';
      /** As it was sent; null when there is none. */
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

/** Reads what a TLS client says first (RFC 8446 4.1.2) from the bytes that came so far. */
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
 * The handshake message may lie in several records; what comes after it is nobody's concern here. Null when these are no
 * handshake records.
 */
function joinRecords(bytes: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  let at = 0;
  let joined = 0;
  let wanted: number | null = null;
  while (at < bytes.length && (wanted === null || joined < wanted)) {
    if (bytes[at] !== HANDSHAKE_RECORD) return null;
    // Major version 3 in every TLS there is (RFC 8446 5.1).
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
  /** A vector with its length before it. */
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
    // RFC 8446 4.2: not more than one extension of a type. Two would be two views of one host.
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
