import { randomInt } from 'node:crypto';
import net from 'node:net';
import { SetupError } from '../errors.ts';
import { holderOfPort } from './port-holder.ts';

/**
 * Below the ports that Linux gives to outgoing connections (ip_local_port_range): one of those could take a port between its choice and
 * its use, or while its holder is started again.
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
  /** Said when it is not the usual one: who holds that. */
  readonly remark?: string;
  /** The same in a few words. */
  readonly brief?: string;
}

/**
 * A port on 127.0.0.1. One that the user fixed must be free; the usual one gives way to a free one, naming who holds it.
 * Whoever is given the port has to listen soon: nothing keeps it.
 */
export async function choosePort(wish: PortWish, environment: NodeJS.ProcessEnv): Promise<ChosenPort> {
  const fixed = environment[wish.variable];
  if (fixed !== undefined && fixed !== '') {
    const port = parsePort(wish.variable, fixed);
    if (port === 0) return { port: await anyFreePort() };
    if (await isFree(port)) return { port };
    throw new SetupError(
      'port-taken',
      `port ${port} (${wish.variable}) is taken by ${await describeHolder(port)}`,
      `stop it, or set ${wish.variable} to another port`,
    );
  }
  if (await isFree(wish.usual)) return { port: wish.usual };
  const port = await anyFreePort();
  const remark = `port ${wish.usual} is taken by ${await describeHolder(wish.usual)}; using ${port}`;
  return { port, remark, brief: `${wish.usual} was taken` };
}

export async function describeHolder(port: number): Promise<string> {
  const holder = await holderOfPort(port);
  return holder ? `process ${holder.pid} (${shortened(holder.command)})` : 'a process of another user';
}

export async function isFree(port: number): Promise<boolean> {
  return await freePort(port).then(
    () => true,
    () => false,
  );
}

async function anyFreePort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const port = randomInt(LISTENING.from, LISTENING.to);
    if (await isFree(port)) return port;
  }
  return await freePort(0);
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

/** A program by its name: the folders it lies in can be longer than what a line of words has room for. */
function shortened(command: string): string {
  const named = command.replace(/^\/\S*\/(?=\S)/, '');
  return named.length <= 70 ? named : `${named.slice(0, 69)}…`;
}
