import { matchesHost, parseHostName } from '../../../access/host-name.ts';

test.each([
  ['api.a.test', 'api.a.test'],
  ['API.A.Test', 'api.a.test'],
  ['api.a.test.', 'api.a.test'],
  ['xn--bcher-kva.test', 'xn--bcher-kva.test'],
  ['_dmarc.a.test', '_dmarc.a.test'],
  ['r3---sn-x.a.test', 'r3---sn-x.a.test'],
  ['db', 'db'],
])('%s is the network name %s', (text, host) => {
  expect(parseHostName(text)).toEqual({ host });
});

test.each([
  [''],
  ['.'],
  ['.api.a.test'],
  ['api.a.test..'],
  ['api..a.test'],
  ['api .a.test'],
  ['api.a.test\r'],
  ['api\t.a.test'],
  ['api\u200b.a.test'],
  ['bücher.test'],
  ['ａpi.a.test'],
  ['api。a.test'],
  ['ⓐpi.test'],
  ['\u212Aube.test'],
  ['evil.test\\@api.a.test'],
  ['user@api.a.test'],
  ['api.a.test/x'],
  ['-a.test'],
  ['a-.test'],
  [`${'a'.repeat(64)}.test`],
  [`${'a.'.repeat(127)}test`],
])('%j is no network name', (text) => {
  expect(parseHostName(text)).toMatchObject({ refused: expect.any(String), address: false });
});

test.each([
  ['127.0.0.1'],
  ['127.1'],
  ['2130706433'],
  ['0x7f.1'],
  ['0x7f000001'],
  ['017700000001'],
  ['a.test.1'],
  ['[::1]'],
  ['::1'],
])('%s is an address', (text) => {
  expect(parseHostName(text)).toMatchObject({ address: true });
});

test('a wildcard covers any depth below it and nothing beside it', () => {
  const covered = ['x.a.test', 'x.y.a.test', 'a.test', 'xa.test', 'a.test.evil.test'].filter((host) =>
    matchesHost('*.a.test', host),
  );
  expect(covered).toEqual(['x.a.test', 'x.y.a.test']);
});
