/** One task of the evaluation: what is there, what people ask, and how it is judged from outside. */
export interface Task {
  readonly name: string;
  /** For people, in a few words. */
  readonly what: string;
  /** @default #platform-eng */
  readonly channel?: string;
  /** Who asks. @default ada */
  readonly as?: string;
  /** What people have said before; the first begins the thread in which the agent is called. @default nothing */
  readonly before?: readonly Said[];
  /** Beside the first request. @default none */
  readonly files?: readonly { readonly name: string; readonly content: Buffer | string }[];
  /** What is asked, one turn after the other. The first is a mention. */
  readonly asks: readonly string[];
  /** What is wrong with what came of it. Empty: the task is done. */
  judge(seen: Seen): Promise<readonly string[]> | readonly string[];
  /** What a model does that does the task. */
  good(): Script;
  /** What models do that do not: each of them has to fail. */
  bad(): readonly Script[];
}

export interface Said {
  readonly as: string;
  readonly text: string;
}

/** The answers of a model, one for each call. */
export type Script = readonly Call[];

export interface Call {
  readonly say?: string;
  readonly tools?: readonly { readonly name: string; readonly input: Readonly<Record<string, unknown>> }[];
}

/** What can be seen from outside when a task is over. */
export interface Seen {
  /** What the app said in the thread after each request, without the small line below. Empty: it said nothing. */
  readonly answers: readonly string[];
  /** How each turn ended. */
  readonly endings: readonly string[];
  /** Files that the app has posted in the thread. */
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
  /** Tool calls of each turn. */
  readonly tools: readonly number[];
  /** What the outside world has counted meanwhile. */
  readonly origin: readonly {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly caller: string | null;
  }[];
  /** What the proxy has recorded of the thread. */
  readonly egress: readonly {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly outcome: string;
  }[];
  readonly repository: {
    readonly mainMoved: boolean;
    readonly newBranches: readonly string[];
    readonly newPulls: readonly { readonly draft: boolean; readonly head: { readonly ref: string } }[];
    /** A file as it is on a branch. Empty where it is not. */
    file(branch: string, path: string): Promise<string>;
  };
}
