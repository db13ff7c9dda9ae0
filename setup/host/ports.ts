import { randomInt } from 'node:crypto';
import net from 'node:net';
import path from 'node:path';
import { SetupError } from '../errors.ts';
import { holderOfPort, type PortHolder } from './port-holder.ts';

/**
 * Ports below those that Linux gives to outgoing connections (ip_local_port_range). An outgoing connection could otherwise take a port
 * between its choice and its use, or while the process that had it is started again.
 */
const LISTENING = { from: 10_000, to: 32_768 } as const;
const TRIES = 50;

export interface PortWish {
  /** The environment variable by which a user fixes it. */
  readonly variable: string;
  readonly usual: number;
}

export interface ChosenPort {
  readonly port: number;
  /** What to say when it is not the usual one: who holds that one. */
  readonly remark?: string;
  /** The same in a few words, for a line with other remarks. */
  readonly brief?: string;
}

/** Chooses the ports of one run. What one of its programs was given is given to no other, also before anybody listens there. */
export interface PortChooser {
  /**
   * Chooses a port on 127.0.0.1. A usual port that is taken is replaced by a free one, with a remark that says who holds it. The caller
   * has to listen soon, for nothing keeps another program from taking the port.
   *
   * @throws SetupError `port-taken` when the user fixed a port that is taken; `bad-setting` when it is no port number
   */
  choose(wish: PortWish): Promise<ChosenPort>;
}

/** One for each start, because it remembers which ports it gave to whom. */
export function createPortChooser(environment: NodeJS.ProcessEnv): PortChooser {
  /** Each port that was given, with the variable of whom it was given to. */
  const given = new Map<number, string>();

  async function take(port: number, { variable }: PortWish): Promise<boolean> {
    if (given.has(port)) return false;
    given.set(port, variable);
    if (await isFree(port)) return true;
    given.delete(port);
    return false;
  }

  async function takeAny(wish: PortWish): Promise<number> {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const port = randomInt(LISTENING.from, LISTENING.to);
      if (await take(port, wish)) return port;
    }
    return await freePort(0);
  }

  async function holderInWords(port: number): Promise<Pick<ChosenPort, 'remark' | 'brief'>> {
    const ours = given.get(port);
    if (ours) return { remark: `the port of ${ours}`, brief: `the port of ${ours}` };
    const holder = await holderOfPort(port);
    return {
      remark: `taken by ${inWords(holder)}`,
      brief: `taken by ${holder ? `${programOf(holder)} (${holder.pid})` : inWords(holder)}`,
    };
  }

  return {
    async choose(wish) {
      const fixed = environment[wish.variable];
      if (fixed !== undefined && fixed !== '') {
        const port = parsePort(wish.variable, fixed);
        if (port === 0) return { port: await takeAny(wish) };
        if (await take(port, wish)) return { port };
        throw new SetupError(
          'port-taken',
          `port ${port} (${wish.variable}) is ${(await holderInWords(port)).remark}`,
          `stop it, or set ${wish.variable} to another port`,
        );
      }
      if (await take(wish.usual, wish)) return { port: wish.usual };
      const [port, { remark, brief }] = await Promise.all([takeAny(wish), holderInWords(wish.usual)]);
      return {
        port,
        remark: `port ${wish.usual} is ${remark}; using ${port}`,
        brief: `${wish.usual} is ${brief}`,
      };
    },
  };
}

/** Who holds a port, in words: `process 812 (postgres …)`. */
export async function describeHolder(port: number): Promise<string> {
  return inWords(await holderOfPort(port));
}

function inWords(holder: PortHolder | undefined): string {
  return holder ? `process ${holder.pid} (${shortened(holder.command)})` : 'a process of another user';
}

/** `node` of `/usr/bin/node /srv/app/main.js`. */
function programOf({ command }: PortHolder): string {
  return path.basename(command.split(' ')[0] ?? '').slice(0, 20);
}

/** Whether a port on 127.0.0.1 can be listened on at this moment. */
export async function isFree(port: number): Promise<boolean> {
  return await freePort(port).then(
    () => true,
    () => false,
  );
}

/** Listens for a moment; 0 lets the kernel choose. */
async function freePort(port: number): Promise<number> {
  const server = net.createServer();
  return await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}

function parsePort(variable: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new SetupError('bad-setting', `${variable}: ${text} is not a port number`);
}

/** A program without its folders, which may be longer than a line has room for. */
function shortened(command: string): string {
  const named = command.replace(/^\/\S*\/(?=\S)/, '');
  return named.length <= 70 ? named : `${named.slice(0, 69)}…`;
}
