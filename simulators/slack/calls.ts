/** One call of the Web API, for assertions. Tokens are not kept. */
export interface Call {
  readonly id: number;
  /** ISO 8601. */
  readonly at: string;
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly ok: boolean;
  readonly error: string | null;
  /** HTTP status answered; null when the connection was dropped instead. */
  readonly status: number | null;
  readonly durationMs: number;
}

export interface CallLog {
  add(call: Omit<Call, 'id'>): void;
  list(filter: { readonly method?: string; readonly after?: number }): readonly Call[];
}

/** @param keep how many of the newest calls are remembered at least */
export function createCallLog(keep = 20_000): CallLog {
  let calls: Call[] = [];
  let lastId = 0;
  return {
    add(call) {
      lastId += 1;
      calls.push({ id: lastId, ...call });
      if (calls.length > keep * 1.2) calls = calls.slice(-keep);
    },
    list: ({ method, after = 0 }) =>
      calls.filter((call) => call.id > after && (method === undefined || call.method === method)),
  };
}
