import { decide } from '../../../access/decide.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import type { Injection } from '../../../proxy/credentials/injection.ts';
import { beginExchange } from '../../../proxy/events/exchange.ts';
import { buildOutgoing } from '../../../proxy/request/outgoing.ts';
import { connection, documentOf } from '../../support/access-document.ts';

const BEARER: Injection = { way: 'headers', headers: [{ name: 'authorization', value: 'Bearer x' }], hidden: [] };
const QUERY: Injection = { way: 'query', name: 'key', value: 'x' };

/** The codings that are asked for, where the sandbox asks for `wanted`. */
function codingsAt(host: string, injection: Injection, wanted: string | null): readonly string[] {
  const access = effectiveAccess(
    documentOf({ organization: { connections: [connection('c', host)] } }),
    'organization',
  );
  const authority = { host: host as never, port: 443 };
  const decision = decide({ method: 'GET', scheme: 'https', path: '/o', ...authority }, access);
  if (decision.outcome === 'blocked') throw new Error(decision.reason);
  const { headers } = buildOutgoing({
    exchange: beginExchange({ sandbox: 's', tunnel: authority, lease: null } as never, { now: () => 0 }),
    head: {
      method: 'GET',
      target: '/o',
      host,
      headers: [['host', host], ...(wanted === null ? [] : ([['accept-encoding', wanted]] as const))],
      framing: { kind: 'none' },
    },
    target: { authority, path: '/o', rawPath: '/o', query: '' },
    ...{ decision, access, injection },
  });
  return headers.filter(([name]) => name === 'accept-encoding').map(([, value]) => value);
}

test.each(['storage.googleapis.com', 'bucket.storage.googleapis.com'])(
  '%s is asked for the coding that the client wants: it unpacks objects for who does not take gzip',
  (host) => {
    expect(codingsAt(host, BEARER, 'gzip')).toEqual(['gzip']);
    expect(codingsAt(host, BEARER, null)).toEqual([]);
    // Servers repeat the query in links, so there an answer has to be readable.
    expect(codingsAt(host, QUERY, 'gzip')).toEqual(['identity']);
  },
);

test.each(['api.a.test', 'www.googleapis.com', 'mystorage.googleapis.com', 'storage.googleapis.com.a.test'])(
  '%s is asked for an answer that can be searched for the credential',
  (host) => {
    expect(codingsAt(host, BEARER, 'gzip')).toEqual(['identity']);
  },
);
