/** Requests of one sandbox that would hold up the whole proxy: everything here is judged on the one thread that serves all. */
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { EffectiveAccess } from '../../../access/decision.ts';
import type { CanonicalHost } from '../../../access/host-name.ts';
import { createCommitMemory } from '../../../proxy/git/commit-memory.ts';
import { findFastForwards } from '../../../proxy/git/fast-forward.ts';
import { readJson } from '../../../proxy/git/json-content.ts';
import { readPackCommits } from '../../../proxy/git/pack-commits.ts';
import { readPush } from '../../../proxy/git/push-content.ts';
import { withField } from '../../../proxy/request/body-credential.ts';
import { isCredentialParameter } from '../../../proxy/request/credential-names.ts';
import { carriesCredentials, credentialParameters } from '../../../proxy/request/own-credentials.ts';
import { countCpuTime } from '../../support/cpu-time.ts';

/** Milliseconds of CPU time that work takes. Each of these took seconds. */
function timeOf(work: () => void): number {
  const spentMs = countCpuTime();
  work();
  return spentMs();
}

test.each([
  ['digits', `${'1'.repeat(32_000)}a`],
  ['encoded digits', `${'%31'.repeat(10_000)}a`],
  ['digits between signs', `${'1-'.repeat(16_000)}a`],
])('the name of a parameter with many %s', (_, name) => {
  expect(timeOf(() => isCredentialParameter(name))).toBeLessThan(100);
});

const anyHost = () => credentialParameters('api.a.test' as CanonicalHost, { rules: [] } as unknown as EffectiveAccess);

test.each([
  ['no name', `?${'&'.repeat(32_000)}`],
  ['one name', `?${'a1&'.repeat(10_900)}`],
  ['a name of its own each', `?${Array.from({ length: 7_000 }, (_, n) => n.toString(36)).join('&')}`],
])('a query of many parameters with %s', (_, query) => {
  const times = Array.from({ length: 5 }, () => timeOf(() => carriesCredentials([], query, () => false, anyHost())));
  // The best of five: a pause of the machine is as long as what is measured.
  expect(Math.min(...times)).toBeLessThan(20);
});

test('a credential among many parameters is still seen', () => {
  expect(carriesCredentials([], `?${'a&'.repeat(15_000)}api_key=x`, () => false, anyHost())).toBe(true);
});

test.each([
  ['signs between pairs', 'form', '&'.repeat(1_000_000)],
  ['pairs', 'form', 'a=1&'.repeat(250_000)],
  ['members', 'json', `{${Array(170_000).fill('"a":1').join(',')}}`],
  ['members whose names are not ASCII', 'json', `{${Array(90_000).fill('"\u00e9":1').join(',')}}`],
] as const)('a body for a credential with a great number of %s is refused in words, at once', (_, form, text) => {
  const body = Buffer.from(text);
  const put = () => withField(body, form, 'api_key', 'x');
  expect(put).toThrow(expect.objectContaining({ code: 'body_too_large' }));
  expect(put).toThrow(/10000 fields/);
  expect(timeOf(() => expect(put).toThrow())).toBeLessThan(100);
});

test('a body for a credential may have long lists and large members', () => {
  const text = `{"vector":[${Array(200_000).fill('0.1').join(',')}],"each":{${Array(20_000).fill('"a":1').join(',')}}}`;
  expect(withField(Buffer.from(text), 'json', 'api_key', 'x').toString()).toBe(`${text.slice(0, -1)},"api_key":"x"}`);
  const fields = Array.from({ length: 9_999 }, (_, n) => `f${n}=${n}`).join('&');
  expect(withField(Buffer.from(fields), 'form', 'api_key', 'x').toString()).toBe(`${fields}&api_key=x`);
});

test.each([
  ['elements', /20000 values/, `{"labels":[${Array(340_000).fill('{}').join(',')}]}`],
  ['members', /20000 values/, `{"a":{${Array(170_000).fill('"a":1').join(',')}}}`],
  ['lists in lists', /100 levels/, `{"a":${'['.repeat(19_000)}${']'.repeat(19_000)}}`],
])('a body that is judged with a great number of %s is refused before it is parsed', async (_, words, text) => {
  const bytes = Buffer.from(text);
  const body = { whole: async () => bytes, setAside: () => () => {} } as never;
  const head = { headers: [['content-type', 'application/json']] } as never;
  const spentMs = countCpuTime();
  expect(await readJson(head, body)).toEqual({ refused: expect.stringMatching(words) });
  expect(spentMs()).toBeLessThan(50);
});

test('signs inside of texts are no values', async () => {
  const json = { body: '"[{,'.repeat(20_000), list: Array(1_000).fill('\\"[') };
  const body = { whole: async () => Buffer.from(JSON.stringify(json)), setAside: () => () => {} } as never;
  const head = { headers: [['content-type', 'application/json']] } as never;
  expect(await readJson(head, body)).toMatchObject({ json });
});

test('numbered names are still known', () => {
  expect(['password1', 'api_key_22', 'token[3]'].map(isCredentialParameter)).toEqual([true, true, true]);
  expect(['1', '12'].map(isCredentialParameter)).toEqual([false, false]);
});

test('the name of a member with many accents', () => {
  const body = Buffer.from(`{"a${'\u0301\u0316'.repeat(160_000)}":1}`);
  expect(timeOf(() => withField(body, 'json', 'api_key', 'x'))).toBeLessThan(200);
});

const header = (type: number, size: number): Buffer => {
  const bytes: number[] = [];
  let rest = Math.floor(size / 16);
  bytes.push((type << 4) | (size & 15) | (rest > 0 ? 0x80 : 0));
  for (; rest > 0; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | (rest > 127 ? 0x80 : 0));
  return Buffer.from(bytes);
};
const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push((rest & 0x7f) | (rest > 127 ? 0x80 : 0));
    if (rest <= 127) return Buffer.from(bytes);
  }
};
const distance = (value: number): Buffer => {
  const bytes = [value & 0x7f];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest -= 1;
    bytes.unshift(0x80 | (rest & 0x7f));
  }
  return Buffer.from(bytes);
};
function packOf(objects: readonly Buffer[]): Buffer {
  const start = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
  start.writeUInt32BE(objects.length, 8);
  return Buffer.concat([start, ...objects]);
}

/** One commit of a MB, and deltas of a few bytes that each make another one of it. */
function copies(count: number): Buffer {
  const size = 1_000_000;
  const base = Buffer.alloc(size, ' ');
  base.write(`tree ${'0'.repeat(40)}\n\n`);
  const objects = [Buffer.concat([header(1, size), deflateSync(base)])];
  let at = 12 + (objects[0]?.length ?? 0);
  for (let n = 0; n < count; n += 1) {
    const kept = size - 4;
    const copy = Buffer.from([0xf0, kept & 255, (kept >> 8) & 255, (kept >> 16) & 255]);
    const number = Buffer.alloc(5, 4);
    number.writeUInt32BE(n, 1);
    const delta = Buffer.concat([varint(size), varint(size), copy, number]);
    const object = Buffer.concat([header(6, delta.length), distance(at - 12), deflateSync(delta)]);
    objects.push(object);
    at += object.length;
  }
  return packOf(objects);
}

test('deltas that copy a large commit again and again are read until their results are too large', () => {
  const pack = copies(600);
  expect(readPackCommits(copies(2), 'sha1').parents.size).toBe(3);
  const found = readPackCommits(pack, 'sha1');
  expect(found.mayGrow).toBe(false);
  expect(found.parents.size).toBeLessThan(6);
});

test('many updates over one long chain of commits', () => {
  const memory = createCommitMemory();
  const ids = Array.from({ length: 50_000 }, (_, n) => createHash('sha1').update(String(n)).digest('hex'));
  memory.remember(new Map(ids.slice(1).map((id, n) => [id, [ids[n] as string]])));
  const to = ids.at(-1) as string;
  const commands = Array.from({ length: 2_000 }, (_, n) => ({
    from: 'a'.repeat(40),
    to,
    ref: `refs/heads/bellhop/${n}`,
  }));
  let proved = -1;
  const ms = timeOf(() => {
    proved = findFastForwards(commands, Buffer.alloc(0), memory).proved.size;
  });
  expect(proved).toBe(0);
  expect(ms).toBeLessThan(1_000);
  // One update over the whole chain is still shown.
  const honest = { from: ids[0] as string, to, ref: 'refs/heads/bellhop/x' };
  expect(findFastForwards([honest], Buffer.alloc(0), memory).proved.size).toBe(1);
});

test('of a push that nothing allows no pack is read', async () => {
  const [from, to] = ['a', 'b'].map((digit) => digit.repeat(40));
  const line = `${from} ${to} refs/heads/bellhop/x\0report-status`;
  const commands = Buffer.from(`${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`);
  let enough = false;
  const body = {
    async peek({ isEnough }: { isEnough: (part: { bytes: Buffer }) => boolean }) {
      enough = isEnough({ bytes: commands });
      return { bytes: Buffer.concat([commands, copies(600)]), isWhole: false };
    },
  } as never;
  const read = await readPush(body, [], createCommitMemory(), false);
  expect(enough).toBe(true);
  expect(read).toMatchObject({ changes: [{ ref: 'refs/heads/bellhop/x', change: 'replace' }] });
});
