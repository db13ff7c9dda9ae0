import { Client, type Dispatcher } from 'undici';

/** What a request learns when it starts. */
export interface StartContext {
  /** Whether its connection has served another request before, so that the host may be about to close it. */
  readonly isReused: boolean;
}

/** One connection of a pool at a time. It tells each request whether the connection is a reused one. */
export class KeptClient extends Client {
  #served = 0;

  /** @param onEarlyClose called when the host closes a connection that it had kept open after an answer */
  constructor(origin: URL, options: Client.Options, onEarlyClose: () => void) {
    super(origin, options);
    this.on('connect', () => {
      this.#served = 0;
    });
    this.on('disconnect', (_origin, _targets, error) => {
      // The code of a close that the proxy wanted.
      const isOurs = (error as NodeJS.ErrnoException | undefined)?.code === 'UND_ERR_INFO';
      if (this.#served > 0 && !isOurs) onEarlyClose();
    });
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const onRequestStart: Dispatcher.DispatchHandler['onRequestStart'] = (controller) => {
      const context: StartContext = { isReused: this.#served > 0 };
      this.#served += 1;
      handler.onRequestStart?.(controller, context);
    };
    return super.dispatch(options, Object.assign(Object.create(handler), { onRequestStart }));
  }
}
