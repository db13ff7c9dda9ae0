import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { createCommitMemory } from '../../../../proxy/git/commit-memory.ts';
import { FLUSH, packet } from '../../../../proxy/git/pkt-line.ts';
import { readPush } from '../../../../proxy/git/push-content.ts';
import { pushReport } from '../../../../proxy/git/push-report.ts';
import { type ParsedPush, parsePush } from '../../../../proxy/git/push-request.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const ZERO = '0'.repeat(40);

const id = fc.constantFrom(A, B, ZERO);
const ref = fc.string({ minLength: 1, maxLength: 40 }).map((text) => `refs/heads/${text.replace(/[\0\n]/g, 'x')}`);
const command = fc.record({ from: id, to: id, ref });
const capabilities = fc.subarray(['report-status', 'report-status-v2', 'side-band-64k', 'atomic', 'agent=git/2']);

function body(
  commands: readonly { from: string; to: string; ref: string }[],
  words: readonly string[],
  pack: Buffer,
): Buffer {
  const lines = commands.map(({ from, to, ref }, index) =>
    packet(index === 0 ? `${from} ${to} ${ref}\0 ${words.join(' ')}\n` : `${from} ${to} ${ref}\n`),
  );
  return Buffer.concat([...lines, FLUSH, pack]);
}

/** The result, with the sets as arrays so that it can be compared. */
function plain(parsed: ParsedPush): unknown {
  if (parsed.state !== 'parsed') return parsed;
  return { ...parsed.push, capabilities: [...parsed.push.capabilities].sort() };
}

test('what was written is read, and every beginning of it is incomplete or read alike', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(command, { minLength: 1, maxLength: 5, selector: (each) => each.ref }),
      capabilities,
      fc.uint8Array({ maxLength: 50 }),
      (commands, words, pack) => {
        const bytes = body(commands, words, Buffer.from(pack));
        const packAt = bytes.length - pack.length;
        const whole = plain(parsePush(bytes));
        expect(whole).toEqual({ commands, capabilities: [...words].sort(), isSigned: false, packAt });
        for (let length = 0; length < bytes.length; length += 1) {
          const part = parsePush(bytes.subarray(0, length));
          if (length < packAt) expect(part).toEqual({ state: 'incomplete' });
          else expect(plain(part)).toEqual(whole);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('no bytes make it throw, and none but a flush end the commands', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const parsed = parsePush(Buffer.from(bytes));
      if (parsed.state === 'parsed' && !parsed.push.isSigned) {
        expect(Buffer.from(bytes).toString('latin1', parsed.push.packAt - 4, parsed.push.packAt)).toBe('0000');
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a ref that is named twice is malformed, whatever its commands are', () => {
  fc.assert(
    fc.property(command, command, fc.array(command, { maxLength: 3 }), (first, second, others) => {
      const twice = [first, ...others, { ...second, ref: first.ref }];
      expect(parsePush(body(twice, ['report-status'], Buffer.alloc(0)))).toEqual({
        state: 'malformed',
        reason: 'names a ref twice',
      });
    }),
  );
});

test('the probe of git before a large push has no commands', () => {
  expect(plain(parsePush(FLUSH))).toEqual({ commands: [], capabilities: [], isSigned: false, packAt: 4 });
});

test('shallow lines are no commands, and capabilities count on every line', () => {
  const bytes = Buffer.concat([
    packet(`shallow ${A}\n`),
    packet(`${ZERO} ${A} refs/heads/x\n`),
    packet(`${ZERO} ${B} refs/heads/y\0 push-options\n`),
    FLUSH,
  ]);
  expect(plain(parsePush(bytes))).toMatchObject({
    commands: [{ ref: 'refs/heads/x' }, { ref: 'refs/heads/y' }],
    capabilities: ['push-options'],
  });
});

test.each([
  ['a space', ' push-options'],
  ['a tab', ' report-status\tpush-options'],
  ['a carriage return', ' report-status\rpush-options\r'],
  ['a line feed', ' report-status\npush-options\nx'],
  ['nothing', 'push-options'],
  ['another NUL', ' report-status\0push-options'],
  ['a value', ' report-status push-options=1'],
  ['a tab and an empty value', '\tpush-options='],
])('push options are seen as git sees them, also with %s', async (_what, words) => {
  const bytes = Buffer.concat([packet(`${ZERO} ${A} refs/heads/bellhop/x\0${words}\n`), FLUSH]);
  const body = {
    peek: async () => ({ bytes, isWhole: true }),
    whole: async () => gzipSync(bytes),
    setAside: () => () => {},
  } as never;
  const refused = { refused: 'has push options, which are not carried' };
  expect(await readPush(body, [], createCommitMemory(), true)).toEqual(refused);
  expect(await readPush(body, ['gzip'], createCommitMemory(), true)).toEqual(refused);
});

test('a word that only resembles push options is none', async () => {
  const bytes = Buffer.concat([packet(`${ZERO} ${A} refs/heads/x\0 agent=push-options no-push-options`), FLUSH]);
  const body = { peek: async () => ({ bytes, isWhole: true }) } as never;
  expect(await readPush(body, [], createCommitMemory(), true)).toMatchObject({ changes: [{ ref: 'refs/heads/x' }] });
});

test('a signed push is told as one, and its report says why it is refused', () => {
  const parsed = parsePush(packet('push-cert\0 report-status side-band-64k\n'));
  if (parsed.state !== 'parsed') throw new Error('not parsed');
  expect(parsed.push.isSigned).toBe(true);
  const report = pushReport(parsed.push, { message: 'Not signed.', reasons: new Map() });
  expect(report?.toString('latin1')).toContain('unpack Not signed.\n');
});

test.each([
  ['letters instead of a length', 'zzzz'],
  ['a length that is no length', '0003'],
  ['a delimiter', '0001'],
  ['ids of two lengths', packet(`${A} ${'b'.repeat(64)} refs/heads/x`).toString()],
  ['an id in capitals', packet(`${A} ${'B'.repeat(40)} refs/heads/x`).toString()],
  ['no ref', packet(`${A} ${B}`).toString()],
])('%s is malformed', (_what, text) => {
  expect(parsePush(Buffer.from(text)).state).toBe('malformed');
});

test('too many refs are malformed, however they come', () => {
  const line = packet(`${ZERO} ${A} refs/heads/${'x'.repeat(200)}\n`);
  const many = Buffer.concat(Array.from({ length: 2_000 }, () => line));
  expect(parsePush(many).state).toBe('malformed');
  expect(parsePush(many.subarray(0, 100_000)).state).toBe('incomplete');
});

test('a report is in pieces that the side band can hold', () => {
  const commands = Array.from({ length: 1_500 }, (_, index) => ({ from: ZERO, to: A, ref: `refs/heads/${index}` }));
  const push = { commands, capabilities: new Set(['report-status', 'side-band-64k']), isSigned: false, packAt: 0 };
  const report = pushReport(push, { message: 'No.', reasons: new Map([['refs/heads/0', 'x'.repeat(100)]]) });
  let at = 0;
  const bands: number[] = [];
  while (report && at < report.length) {
    const length = Number.parseInt(report.toString('latin1', at, at + 4), 16);
    expect(length).toBeLessThanOrEqual(65_520);
    if (length === 0) break;
    bands.push(report[at + 4] ?? 0);
    at += length;
  }
  expect(bands).toEqual([2, 1, 1]);
});
