import { SocketAddress } from 'node:net';
import fc from 'fast-check';
import { classify } from '../../../proxy/dialer/address-class.ts';
import { type AddressGuard, createAddressGuard } from '../../../proxy/dialer/address-guard.ts';

test.each([
  '127.0.0.1',
  '::1',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.1.1',
  '100.64.0.1',
  'fc00::1',
  'fd12::1',
  'fe80::1',
  '192.0.0.1',
  '198.18.0.1',
  '198.19.255.255',
  '240.0.0.1',
  '203.0.113.9',
  '2001:db8::1',
  '::ffff:10.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '2002:7f00:1::',
  '2001::1',
  '::7f00:1',
  '::127.0.0.1',
  '::8.8.8.8',
  '::808:808',
  '::ffff:0:8.8.8.8',
  '5f00::1',
  '4000::1',
])('%s is special', (address) => {
  expect(classify(address)?.kind).toBe('special');
});

test.each([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd20:ce::254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::1',
  'FD00:0EC2:0:0::254',
  '::169.254.169.254',
  '::a9fe:a9fe',
  '::ffff:0:169.254.169.254',
  '64:ff9b:1::169.254.169.254',
])('%s is a metadata service', (address) => {
  expect(classify(address)?.kind).toBe('metadata');
});

test.each(['0.0.0.0', '0.1.2.3', '224.0.0.1', '239.1.1.1', '255.255.255.255', '::', 'ff02::1'])(
  '%s is nobody',
  (address) => {
    expect(classify(address)?.kind).toBe('never');
  },
);

test.each([
  '93.184.216.34',
  '8.8.8.8',
  '172.32.0.1',
  '2606:2800:220:1::1',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
  '64:ff9b::8.8.8.8',
])('%s is public', (address) => {
  expect(classify(address)?.kind).toBe('public');
});

test.each([
  ['8.8.8.8', '8.8.8.8'],
  ['::ffff:8.8.8.8', '8.8.8.8'],
  ['::FFFF:808:808', '8.8.8.8'],
  ['::8.8.8.8', '::808:808'],
  ['::808:808', '::808:808'],
  ['64:ff9b::8.8.8.8', '64:ff9b::808:808'],
  ['2002:0808:0808::1', '2002:808:808::1'],
  ['2606:2800:220:1:0:0:0:1', '2606:2800:220:1::1'],
])('for %s the socket is opened to %s, which is what was judged', (written, dialled) => {
  expect(classify(written)?.dialled).toBe(dialled);
  expect(classify(dialled)).toEqual(classify(written));
});

test('an address is judged by its bytes, however they are written', () => {
  const bytes = fc.oneof(
    fc.tuple(fc.constant(new Array<number>(12).fill(0)), fc.uint8Array({ minLength: 4, maxLength: 4 })),
    fc.tuple(
      fc.array(fc.constantFrom(0, 0xff, 0x20, 0xfe), { minLength: 12, maxLength: 12 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
    ),
  );
  fc.assert(
    fc.property(bytes, ([front, back]) => {
      const all = Buffer.from([...front, ...back]);
      const groups = Array.from({ length: 8 }, (_, n) => all.readUInt16BE(n * 2).toString(16));
      const hexadecimal = groups.join(':');
      const mixed = `${groups.slice(0, 6).join(':')}:${back.join('.')}`;
      expect(classify(mixed)).toEqual(classify(hexadecimal));
      // The system writes the same bytes in its own way.
      const { address } = new SocketAddress({ address: hexadecimal, family: 'ipv6' });
      expect(classify(address)).toEqual(classify(hexadecimal));
    }),
    { numRuns: 2_000 },
  );
});

test.each(['fe80::1%eth0', '127.1', '0x7f000001', '2130706433', '010.0.0.1', '::010.0.0.1', '::8.8.8', 'a.test', ''])(
  '%j is no address',
  (text) => {
    expect(classify(text)).toBeNull();
  },
);

/** The sentence that refuses an address. Null when it may be dialled. */
function refusedBy(guard: AddressGuard, ...asked: Parameters<AddressGuard['judge']>): string | null {
  const judgement = guard.judge(...asked);
  return 'refused' in judgement ? judgement.refused : null;
}

const guard = createAddressGuard({
  ceilings: [
    { range: '10.1.0.0/16', ports: [5432, 8443] },
    { range: '127.0.0.0/8', ports: [7443, 5432] },
    { range: '169.254.0.0/16', ports: [80] },
    { range: '240.0.0.0/4', ports: [443] },
    { range: '172.17.0.0/16', ports: [443] },
  ],
  own: [
    { address: '127.0.0.1', port: 5432 },
    { address: '0.0.0.0', port: 8443 },
  ],
  localAddresses: () => ['127.0.0.1', '172.17.0.1', '10.1.2.9'],
});
const opened = [{ range: '10.1.2.0/24', port: 5432 }];

test('a private address needs the exact range and port of the rule, and the ceiling of the operator', () => {
  expect(refusedBy(guard, '10.1.2.5', 5432, opened)).toBeNull();
  expect(refusedBy(guard, '::ffff:10.1.2.5', 5432, opened)).toBeNull();
  expect(refusedBy(guard, '10.1.2.5', 22, opened)).toContain('no exception');
  expect(refusedBy(guard, '10.1.3.5', 5432, opened)).toContain('no exception');
  expect(refusedBy(guard, '10.2.0.1', 5432, [{ range: '10.0.0.0/8', port: 5432 }])).toContain('ceilings');
  expect(refusedBy(guard, '10.1.2.5', 5432, [])).toContain('no exception');
  expect(refusedBy(guard, '93.184.216.34', 443, [])).toBeNull();
});

test('a reserved range can be opened, a metadata service never', () => {
  expect(refusedBy(guard, '241.0.0.9', 443, [{ range: '240.0.0.0/4', port: 443 }])).toBeNull();
  expect(refusedBy(guard, '169.254.169.254', 80, [{ range: '169.254.0.0/16', port: 80 }])).toContain('metadata');
  expect(refusedBy(guard, '169.254.3.3', 80, [{ range: '169.254.0.0/16', port: 80 }])).toBeNull();
});

test("Bellhop's own listeners and the proxy's machine are refused although their range is open", () => {
  const wide = [
    { range: '127.0.0.0/8', port: 5432 },
    { range: '127.0.0.0/8', port: 7443 },
    { range: '10.0.0.0/8', port: 8443 },
    { range: '172.17.0.0/16', port: 443 },
  ];
  expect(refusedBy(guard, '127.0.0.1', 7443, wide)).toBeNull();
  expect(refusedBy(guard, '127.0.0.1', 5432, wide)).toContain("Bellhop's own");
  expect(refusedBy(guard, '127.0.0.2', 5432, wide)).toContain("Bellhop's own");
  expect(refusedBy(guard, '10.1.2.9', 8443, wide)).toContain("Bellhop's own");
  expect(refusedBy(guard, '10.1.2.8', 8443, wide)).toBeNull();
  expect(refusedBy(guard, '172.17.0.1', 443, wide)).toContain('machine');
});

test.each([
  ['FD00:0::1', 'fd00::1'],
  ['::ffff:10.1.2.7', '10.1.2.7'],
  ['10.1.2.7', '::ffff:a01:207'],
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['::1', '127.0.0.1'],
])('a listener at %s is known again as %s', (listener, dialled) => {
  const guard = createAddressGuard({
    ceilings: [
      { range: '0.0.0.0/0', ports: [7233] },
      { range: '::/0', ports: [7233] },
    ],
    own: [{ address: listener, port: 7233 }],
    localAddresses: () => [],
  });
  const wide = [
    { range: '0.0.0.0/0', port: 7233 },
    { range: '::/0', port: 7233 },
  ];
  expect(refusedBy(guard, dialled, 7233, wide)).toContain("Bellhop's own");
});

test("an address of the proxy's machine is recognised in every spelling", () => {
  const guard = createAddressGuard({
    ceilings: [{ range: 'fd00::/8', ports: [443] }],
    own: [],
    localAddresses: () => ['FD00:0::9'],
  });
  expect(refusedBy(guard, 'fd00::9', 443, [{ range: 'fd00::/8', port: 443 }])).toContain('machine');
});
