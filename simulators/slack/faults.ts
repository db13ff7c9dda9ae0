/** Faults that tests ask for. Each counted fault is used up as it strikes. */
export type MethodFault =
  /** The call takes effect, then the connection is dropped before the answer. */
  | { readonly kind: 'accept-then-drop' }
  /** HTTP 429; `retryAfter` in seconds. */
  | { readonly kind: 'rate-limit'; readonly retryAfter: number }
  | { readonly kind: 'missing' }
  /** `ok: false` with this error, or this HTTP status without a Slack answer. */
  | { readonly kind: 'fail'; readonly error: string; readonly status: number | null }
  | { readonly kind: 'delay'; readonly ms: number };

export interface Faults {
  /** @param times how many calls it strikes; Infinity for all until cleared */
  addForMethod(method: string, fault: MethodFault, times: number): void;
  /** The faults striking this call, each counted down. */
  take(method: string): readonly MethodFault[];
  /** How often each event is delivered, acknowledged or not. */
  copies: number;
  /** How many of the next acknowledgements are treated as never received. */
  lostAcks: number;
  /** How many of the next events are never delivered. */
  lostEvents: number;
  /** Scopes that the token does not carry, as after an installation that is older than the manifest. */
  readonly missingScopes: Set<string>;
  clear(): void;
}

/** Without faults: every event is delivered once, and every acknowledgement counts. */
export function createFaults(): Faults {
  let armed: { readonly method: string; readonly fault: MethodFault; left: number }[] = [];
  const faults: Faults = {
    copies: 1,
    lostAcks: 0,
    lostEvents: 0,
    missingScopes: new Set(),
    addForMethod: (method, fault, times) => void armed.push({ method, fault, left: times }),
    take(method) {
      const struck: MethodFault[] = [];
      for (const one of armed) {
        // Of one kind only the first strikes, so that two rate limits in a row are two calls.
        if (one.method !== method || one.left <= 0 || struck.some((fault) => fault.kind === one.fault.kind)) continue;
        one.left -= 1;
        struck.push(one.fault);
      }
      armed = armed.filter((one) => one.left > 0);
      return struck;
    },
    clear() {
      armed = [];
      faults.copies = 1;
      faults.lostAcks = 0;
      faults.lostEvents = 0;
      faults.missingScopes.clear();
    },
  };
  return faults;
}
