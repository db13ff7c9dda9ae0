import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chooseFile, rememberFile } from '../../../cli/apply/default-file.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

const NOTHING = { named: undefined, filesFrom: undefined };

let home: TemporaryFolder;
let work: TemporaryFolder;
let elsewhere: TemporaryFolder;
let memory: string;
let copy: string;

beforeEach(async () => {
  [home, work, elsewhere] = await Promise.all([temporaryFolder(), temporaryFolder(), temporaryFolder()]);
  memory = path.join(home.path, 'applied-file');
  copy = path.join(home.path, 'bellhop.yaml');
  await writeFile(copy, '');
});
afterEach(async () => {
  await Promise.all([home, work, elsewhere].map((each) => each[Symbol.asyncDispose]()));
});

const original = () => path.join(work.path, 'bellhop.yaml');

test('a copy that was applied last goes on with the files of its folder, named or not', async () => {
  await rememberFile(memory, { file: copy, folder: work.path });
  const both = { file: copy, folder: work.path };
  expect(await chooseFile(NOTHING, memory, elsewhere.path)).toEqual(both);
  expect(await chooseFile({ ...NOTHING, named: copy }, memory, elsewhere.path)).toEqual(both);
  expect(await chooseFile({ ...NOTHING, named: 'bellhop.yaml' }, memory, home.path)).toMatchObject({
    folder: work.path,
  });
  expect(await chooseFile({ named: copy, filesFrom: 'x' }, memory, elsewhere.path)).toEqual({
    file: copy,
    folder: 'x',
  });
});

test('another file has its files beside it', async () => {
  await rememberFile(memory, { file: copy, folder: work.path });
  await writeFile(path.join(elsewhere.path, 'bellhop.yaml'), '');
  const here = { file: path.join(elsewhere.path, 'bellhop.yaml'), folder: undefined };
  expect(await chooseFile(NOTHING, memory, elsewhere.path)).toEqual(here);
  expect(await chooseFile({ ...NOTHING, named: original() }, memory, elsewhere.path)).toMatchObject({
    folder: undefined,
  });
});

test('a file that was copied is not taken without its name', async () => {
  await writeFile(original(), '');
  await rememberFile(memory, { file: copy, folder: work.path });
  await expect(chooseFile(NOTHING, memory, work.path)).rejects.toThrow(`applied last, which is ${copy}`);
  expect(await chooseFile({ ...NOTHING, named: original() }, memory, work.path)).toEqual({
    file: original(),
    folder: undefined,
  });
  await rememberFile(memory, { file: original(), folder: undefined });
  expect(await chooseFile(NOTHING, memory, work.path)).toEqual({ file: original(), folder: undefined });
});

test('the folder of the file itself is nothing to remember', async () => {
  await rememberFile(memory, { file: original(), folder: work.path });
  await writeFile(original(), '');
  expect(await chooseFile(NOTHING, memory, elsewhere.path)).toEqual({ file: original(), folder: undefined });
});

test('without any file the command says what to do', async () => {
  await expect(chooseFile(NOTHING, memory, elsewhere.path)).rejects.toThrow('name the file');
});
