import { once } from 'node:events';
import type http from 'node:http';
import type { AddressInfo } from 'node:net';

type Calls = Readonly<Record<string, (argument: never) => Promise<unknown>>>;

/** Tells the test the port, and answers what the test asks by {@link ServerProcess.call}. */
export function announce(port: number, calls: Calls): void {
  process.on('message', ({ call, what, argument }: { call: number; what: string; argument: never }) => {
    calls[what]?.(argument).then((answer) => process.send?.({ call, answer }));
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ port });
}

export function listen(server: http.Server, calls: Calls): void {
  server.listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port, calls));
}

/** What the test sends first. */
export async function optionsOf<T>(): Promise<T> {
  const [{ options }] = (await once(process, 'message')) as [{ options: T }];
  return options;
}
