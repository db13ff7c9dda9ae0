import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** A connection that Node's HTTP server reads, with what the server adds to it. */
export interface ServedSocket extends Duplex {
  /** The answer that is being written on it. Node's types lack this. */
  readonly _httpMessage?: ServerResponse | null;
  /** Ends the connection when nothing moves on it for so long. 0 for never. */
  setTimeout?(ms: number): unknown;
}
