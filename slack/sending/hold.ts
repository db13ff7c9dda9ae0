/**
 * Makes sure, before something that cannot be taken back, that the outbox row is still ours, and keeps it for `ms`
 * more. `unsure` remembers that its outcome may stay unknown. Throws `LostRow` when another sender has taken it.
 */
export type Hold = (options?: { readonly ms?: number; readonly unsure?: boolean }) => Promise<void>;

export class LostRow extends Error {}
