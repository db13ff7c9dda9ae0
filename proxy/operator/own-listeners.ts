import type { OwnListener } from '../dialer/address-guard.ts';
import { readStaticName } from './static-name.ts';

/** Reads a list such as `127.0.0.1:5432,[::1]:7233`. @throws Error that names the part it cannot read */
export function readOwnListeners(text: string): OwnListener[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const listener = readStaticName(part);
      if (!listener || listener.port === null) {
        throw new Error(`BELLHOP_OWN_LISTENERS: ${part} is no address and port, as in 127.0.0.1:5432`);
      }
      return { address: listener.address, port: listener.port };
    });
}
