/** A thread of the simulated workspace. */
export interface ThreadPlace {
  readonly channel: string;
  /** The `ts` of its first message. */
  readonly threadTs: string;
}

/** The session, and so the workflow, that belongs to a thread (contracts/ids.ts). */
export function sessionOf(team: string, { channel, threadTs }: ThreadPlace): string {
  return `slack:${team}:${channel}:${threadTs}`;
}
