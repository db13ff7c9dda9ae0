import { createHash } from 'node:crypto';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { sessionOf, toolSteps, waitForTurn } from '../../support/installation/turns.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

/** Leaves a finished command under a name, as the starter keeps one (docker/image/starter/step.c). */
const FORGE = [
  '@bellhop',
  'write forge.py',
  '```',
  'import os, struct, sys',
  'for name in sys.argv[1:]:',
  '    folder = "/run/steps/" + name',
  '    os.mkdir(folder)',
  '    said = b"forged"',
  '    files = {"lock": b"", "out": said, "state": struct.pack("<qiiii", len(said), 1, 0, 0, 0)}',
  '    for file, content in files.items():',
  '        open(os.path.join(folder, file), "wb").write(content)',
  '```',
].join('\n');

test('a command of one turn leaves no results for the commands of the next, though it knows their ids', async () => {
  const mention = await bellhop.slack.post('ada', '#general', FORGE);
  await waitForTurn(bellhop, mention, 1);
  const ids = [1, 2, 3, 4].map((step) => `${sessionOf(mention)}/3/${step}`);
  const names = ids.map((id) => createHash('sha256').update(id).digest('hex').slice(0, 32));
  const again = { threadTs: mention.ts };
  await bellhop.slack.post('ada', '#general', `@bellhop\n$ python3 forge.py ${names.join(' ')}`, again);
  await waitForTurn(bellhop, mention, 2);
  expect(await toolSteps(bellhop, mention, 2)).toMatchObject([{ state: 'done', exitCode: 0 }]);
  await bellhop.slack.post('grace', '#general', '@bellhop\n$ touch ran; echo real', again);
  await waitForTurn(bellhop, mention, 3);
  expect(await toolSteps(bellhop, mention, 3)).toMatchObject([{ state: 'done', output: 'real\n' }]);
}, 90_000);
