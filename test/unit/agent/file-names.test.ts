import { visibleName } from '../../../agent/file-names.ts';
import { incomingPath } from '../../../agent/incoming-files.ts';
import { postFile } from '../../../agent/tools/post-file.ts';

test.each([
  ['photo\u202Egpj.exe', 'photo_gpj.exe'],
  ['a\u2066b\u2069c\u200Fd\u061Ce.txt', 'a_b_c_d_e.txt'],
  ['one\ntwo\r\u0000\u001b[31m\u0085\u2028three', 'one_two___[31m__three'],
  ['zero\u200Bwidth\uFEFF\u{E0041}.md', 'zero_width__.md'],
  ['Übersicht (März) 报告 🙂.pdf', 'Übersicht (März) 报告 🙂.pdf'],
])('a name is shown as what it is: %j', (name, shown) => {
  expect(visibleName(name)).toBe(shown);
});

test('a file that is posted reaches Slack under such a name, whatever it is called in the sandbox', async () => {
  const put: { name: string }[] = [];
  const context = {
    sandbox: { readFile: async () => Buffer.from('x') },
    files: { put: async (file: { name: string }) => void put.push(file) },
  };
  const path = '/workspace/report\u202Efdp\u0007.exe';
  const answer = await postFile.run(context as never, { path } as never, new AbortController().signal);
  expect(put).toMatchObject([{ name: 'report_fdp_.exe' }]);
  expect(JSON.stringify(answer)).toContain('report_fdp_.exe (1 bytes)');
});

test('so does a file that somebody attached reach the sandbox', () => {
  expect(incomingPath('0123456789', 'a\u202Eb\u0000"c.txt')).toBe('/workspace/uploads/01234567/a_b__c.txt');
});
