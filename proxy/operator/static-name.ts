import { isIP } from 'node:net';
import type { StaticName } from '../dialer/guarded-dialer.ts';

const PORT = /^[1-9][0-9]{0,4}$/;

/** Reads `10.1.2.3`, `10.1.2.3:8443`, `fd00::1` or `[fd00::1]:8443`. Null for anything else. */
export function readStaticName(text: string): StaticName | null {
  if (isIP(text) !== 0) return { address: text, port: null };
  const [, address = '', port = ''] = /^(.+):([^:]+)$/.exec(text) ?? [];
  const bare = address.replace(/^\[(.+)\]$/, '$1');
  const fits = isIP(bare) === 6 ? bare !== address : isIP(bare) === 4 && bare === address;
  if (!fits || !PORT.test(port) || Number(port) > 65_535) return null;
  return { address: bare, port: Number(port) };
}
