/** A way out of the sandbox past its proxy, and where it would lead. */
export interface Way {
  readonly name: string;
  readonly kind: 'tcp' | 'tcp6' | 'udp' | 'udp6' | 'icmp' | 'vsock' | 'unix' | 'abstract' | 'packet' | 'name';
  readonly to: string;
  readonly port?: number;
}

/** What came of each: `open` when anything was reached or could have been sent, else the error. */
export type Tried = Readonly<Record<string, string>>;

/** A Python program that tries every way and prints what came of it as JSON. */
export function probe(ways: readonly Way[]): string {
  return `
import json, socket
def attempt(kind, to, port):
    if kind == 'name': return socket.getaddrinfo(to, 443)
    if kind == 'icmp': return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    if kind == 'packet': return socket.socket(17, socket.SOCK_RAW, 0)
    if kind == 'vsock': s, at = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM), (int(to), port)
    elif kind == 'unix': s, at = socket.socket(socket.AF_UNIX), to
    elif kind == 'abstract': s, at = socket.socket(socket.AF_UNIX), '\\0' + to
    else:
        family = socket.AF_INET6 if kind.endswith('6') else socket.AF_INET
        s, at = socket.socket(family, socket.SOCK_DGRAM if kind.startswith('udp') else socket.SOCK_STREAM), (to, port)
    s.settimeout(2)
    s.connect(at)
    s.send(b'probe')
tried = {}
for way in json.loads(${JSON.stringify(JSON.stringify(ways))}):
    try:
        attempt(way['kind'], way['to'], way.get('port', 0))
        tried[way['name']] = 'open'
    except Exception as error:
        tried[way['name']] = type(error).__name__ + ': ' + str(error)
print(json.dumps(tried))
`;
}
