import fc from 'fast-check';
import { kindOf, sizeOf } from '../../../agent/viewing/picture-header.ts';

test.each([
  ['89504e470d0a1a0a0000000d49484452', 'picture'],
  ['ffd8ffe000104a4649460001', 'picture'],
  ['474946383961', 'picture'],
  ['52494646000000005745425056503820', 'picture'],
  ['0000001866747970686569630000000068656963', 'picture'],
  ['0000001c667479706d703432', 'other'],
  ['00000024667479706d69663100000000', 'picture'],
  ['0000001c667479706176696600000000', 'picture'],
  ['0000001c667479706865767800000000', 'picture'],
  ['49492a0008000000', 'picture'],
  ['4d4d002a00000008', 'picture'],
  ['424d36240000000000003600000028000000', 'picture'],
  ['424d5720736f6c64206d6f7265207468616e', 'other'],
  ['255044462d312e37', 'pdf'],
  ['504b0304', 'other'],
  ['', 'other'],
])('%s is told by its first bytes: %s', (hex, kind) => {
  expect(kindOf(Buffer.from(hex, 'hex'))).toBe(kind);
});

test.each([
  ['<svg xmlns="http://www.w3.org/2000/svg">', 'picture'],
  [
    '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<!-- a > b --><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x">\n<svg>',
    'picture',
  ],
  ['<html><svg></svg></html>', 'other'],
  ['An <svg> element', 'other'],
  ['<svgs>', 'other'],
  [`${'<!---->'.repeat(146)}x`, 'other'],
])('a drawing is told by its root: %j', (text, kind) => {
  expect(kindOf(Buffer.from(text))).toBe(kind);
});

test('a JPEG has its size behind the segments before it', () => {
  const jpeg = Buffer.from('ffd8ffe00004aabbffc4000300ffc0000b0801000200010111', 'hex');
  expect(sizeOf(jpeg, 'image/jpeg')).toEqual({ width: 512, height: 256 });
});

test('whatever the bytes are, reading their size ends and does not throw', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom('ffd8', '89504e470d0a1a0a', 'ffd8ffe0'),
      (rest, start) => {
        const bytes = Buffer.concat([Buffer.from(start, 'hex'), rest]);
        for (const type of ['image/png', 'image/jpeg'] as const) {
          const size = sizeOf(bytes, type);
          expect(size === null || size.width >= 0).toBe(true);
        }
      },
    ),
  );
});
