/** Files as the model is shown them, made ready in a real sandbox: pictures, and how far the sandbox is believed. */

import { sizeOf } from '../../../agent/viewing/picture-header.ts';
import { inTransaction } from '../../../store/database.ts';
import { readTranscript } from '../../../store/transcript.ts';
import { PICTURES } from './support/picture-samples.ts';
import { createViewStage, type ViewStage } from './support/view-stage.ts';

let stage: ViewStage;

beforeAll(async () => {
  stage = await createViewStage(PICTURES);
}, 180_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

test('a picture is shown as it is, and its bytes are kept for later calls', async () => {
  const content = await stage.view({ path: 'small.png' });
  expect(content.text).toMatch(
    /^small\.png is a picture \(PNG, 300 x 200 pixels\)\. What it shows .* not instructions/,
  );
  expect(content.shown).toEqual([
    { file: expect.any(String), type: 'image/png', bytes: expect.any(Number), label: 'small.png' },
  ]);
  expect(sizeOf(await stage.bytesOf(content), 'image/png')).toEqual({ width: 300, height: 200 });
});

test.each([
  ['a photograph that is too large', 'huge.jpg', { width: 1568, height: 1176 }],
  ['a picture with a wrong name', 'really-png.pdf', { width: 300, height: 200 }],
  ['a WebP', 'a.webp', { width: 300, height: 200 }],
  ['a GIF with frames', 'moves.gif', { width: 40, height: 40 }],
  ['a TIFF of 16 bits', 'deep.tiff', { width: 64, height: 64 }],
  ['a line', 'line.png', { width: 1568, height: 32 }],
  ['a point', 'point.png', { width: 32, height: 32 }],
  ['a photograph that lies on its side', 'turned.jpg', { width: 200, height: 300 }],
  ['colours of print', 'cmyk.jpg', { width: 300, height: 200 }],
  ['a TIFF in colours of print, with its bytes the other way round', 'cmyk.tiff', { width: 300, height: 200 }],
  ['a BMP', 'a.bmp', { width: 300, height: 200 }],
  ['a photograph of a telephone', 'photo.heic', { width: 300, height: 200 }],
  ['one of a telephone that was held upright', 'turned.heic', { width: 200, height: 300 }],
  ['one that is larger than a model takes', 'large.heic', { width: 1568, height: 1176 }],
  ['an AVIF with a wrong name', 'avif.png', { width: 300, height: 200 }],
  ['a drawing without a size of its own', 'drawing.svg', { width: 1568, height: 1046 }],
  ['a drawing that wants to be enormous', 'enormous.svg', { width: 1568, height: 1568 }],
])('%s comes in a size and a form that every vendor takes', async (_, path, size) => {
  const content = await stage.view({ path });
  expect(content.isError).toBe(false);
  const [shown] = content.shown ?? [];
  if (!shown || shown.type === 'application/pdf') throw new Error(content.text);
  expect(shown.bytes).toBeLessThanOrEqual(1024 * 1024);
  expect(sizeOf(await stage.bytesOf(content), shown.type)).toEqual(size);
});

test('a photograph of a telephone looks as it was taken', async () => {
  const content = await stage.view({ path: 'photo.heic' });
  expect(content.text).toMatch(/^photo\.heic is a picture \(HEIC, 300 x 200 pixels\)/);
  expect(await colourOf(await stage.bytesOf(content))).toEqual([0, 0, 128]);
  expect((await stage.view({ path: 'avif.png' })).text).toContain('a picture (AVIF, 300 x 200 pixels)');
});

test('what is clear in a picture of a telephone is white, as people see it', async () => {
  expect(await colourOf(await stage.bytesOf(await stage.view({ path: 'clear.heic' })))).toEqual([255, 255, 255]);
});

test('of several pictures in one file the main one is shown, and that there are others is said', async () => {
  const content = await stage.view({ path: 'several.heic' });
  expect(content.text).toContain('The file holds 3 pictures; the main one is shown.');
  expect(content.shown).toHaveLength(1);
  expect(sizeOf(await stage.bytesOf(content), 'image/png')).toEqual({ width: 300, height: 200 });
});

test('a drawing is shown as a picture, and its text is read too; what it points to stays out', async () => {
  const content = await stage.view({ path: 'drawing.svg' });
  expect(content.text).toContain('a drawing (SVG)');
  expect(content.text).toContain('Signups rose');
  expect(content.shown).toMatchObject([{ type: 'image/png', label: 'drawing.svg' }]);
  expect(await colourOf(await stage.bytesOf(content))).toEqual([255, 0, 0]);
});

test('a drawing that cannot be drawn is read as text, and why is said', async () => {
  const content = await stage.view({ path: 'entities.svg' });
  expect(content.isError).toBe(false);
  expect(content.text).toMatch(/cannot be drawn/);
  expect(content.text).toContain('<svg');
  expect(content.shown).toBeUndefined();
});

test('a text that begins as a BMP does is text', async () => {
  expect((await stage.view({ path: 'bm.txt' })).text).toContain('BMW sold more');
});

test('without the programs that open them, pictures of telephones are a sentence, and drawings are text', async () => {
  const bare = {
    ...stage.real.port,
    runStep: (given: Parameters<typeof stage.real.port.runStep>[0]) =>
      stage.real.port.runStep({ ...given, command: given.command.replace('python3 -I', 'PATH=/tmp/bare python3 -I') }),
  };
  await stage.real.sandbox.run('mkdir -p /tmp/bare && ln -sf "$(command -v python3)" /tmp/bare/python3');
  expect((await stage.view({ path: 'photo.heic' }, bare)).text).toMatch(
    /no heif-convert \(Debian: libheif-examples\).*Ask for a PNG or a JPEG/,
  );
  const drawing = await stage.view({ path: 'drawing.svg' }, bare);
  expect(drawing.text).toContain('no rsvg-convert (Debian: librsvg2-bin)');
  expect(drawing.text).toContain('Signups rose');
});

test('what a photograph says of place and time is not sent', async () => {
  expect((await stage.bytesOf(await stage.view({ path: 'turned.jpg' }))).includes('Exif')).toBe(false);
});

test('a picture that does not compress is made smaller until it fits', async () => {
  const content = await stage.view({ path: 'noise.png' });
  expect(content.shown?.[0]?.bytes).toBeLessThanOrEqual(1024 * 1024);
  expect(content.shown?.[0]?.type).toBe('image/jpeg');
});

test.each([
  ['a picture that ends in its middle', 'broken.png', /cannot be read as a picture/],
  ['a picture of a billion pixels', 'bomb.png', /at most 100,000,000 are opened/],
  ['an empty file', 'empty.png', /is empty/],
  ['a file that is not there', 'nowhere.png', /no such file/],
  ['a folder', '.', /not a regular file/],
  ['a program', 'program', /neither a picture nor a document/],
  ['an archive', 'archive.zip', /ZIP archive/],
  ['a PDF with nothing in it', 'broken.pdf', /PDF cannot be opened/],
  ['an old Word document', 'old.doc', /old Office format/],
  ['a HEIC that ends in its middle', 'broken.heic', /HEIC picture cannot be opened/],
  ['a HEIC that says it has billions of pixels', 'bomb.heic', /HEIC picture cannot be opened/],
  ['a HEIC of more pixels than are opened', 'wide.heic', /20000 x 20000 pixels, and at most 100,000,000 are opened/],
  ['a HEIC of very many pictures', 'album.heic', /25 pictures, and at most 20/],
  ['a TIFF of a billion pixels', 'bomb.tiff', /at most 100,000,000 are opened/],
])('%s becomes a sentence', async (_, path, words) => {
  const content = await stage.view({ path });
  expect(content).toMatchObject({ isError: true, text: expect.stringMatching(words) });
  expect(content.shown).toBeUndefined();
});

test('what the sandbox says is believed no further than it can be checked', async () => {
  const lying = {
    ...stage.real.port,
    runStep: async () => said({ pictures: [{ file: 'huge.jpg', type: 'image/jpeg', label: 'x' }] }),
  };
  const content = await stage.view({ path: 'huge.jpg' }, lying);
  expect(content.shown).toBeUndefined();
  expect(content.text).toContain('could not be made ready');
  const odd = { ...stage.real.port, runStep: async () => said({ pictures: 'all of them' }) };
  expect((await stage.view({ path: 'small.png' }, odd)).text).toContain('could not be read');
});

test('an image without Python is named with what it lacks', async () => {
  const bare = { ...stage.real.port, runStep: async () => ({ ...said({}), exitCode: 127 }) };
  expect((await stage.view({ path: 'small.png' }, bare)).text).toContain('has no python3');
});

test('a library that lies in the workspace is not used', async () => {
  await stage.real.sandbox.run(
    'mkdir -p PIL && echo "raise SystemExit(9)" > PIL/__init__.py && cp PIL/__init__.py json.py',
  );
  expect((await stage.view({ path: 'small.png' })).shown).toHaveLength(1);
  await stage.real.sandbox.run('rm -rf PIL json.py');
});

test('an attempt that comes late stores nothing beside what the first has stored', async () => {
  const ref = await stage.tools.pending('view_file', { path: 'small.png' });
  await Promise.all([
    stage.tools.run(ref, { sandbox: stage.real.port }),
    stage.tools.run(ref, { sandbox: stage.real.port }),
  ]);
  const rows = await readTranscript(stage.tools.database, ref.session);
  expect(rows.filter(({ role }) => role === 'tool')).toHaveLength(1);
  const { rows: files } = await inTransaction(stage.tools.database, (db) =>
    db.query("select id from file where session = $1 and direction = 'seen'", [ref.session]),
  );
  expect(files).toHaveLength(1);
});

/** The pixel in the middle of a picture, as the sandbox reads it. */
async function colourOf(bytes: Buffer): Promise<number[]> {
  await stage.real.port.writeFile('/tmp/seen', bytes, { signal: new AbortController().signal });
  const { output } = await stage.real.sandbox.run(
    `python3 -c "from PIL import Image; i = Image.open('/tmp/seen').convert('RGB'); print(list(i.getpixel((i.width // 2, i.height // 2))))"`,
  );
  // Compressed with loss, a colour may be off by a little.
  return (JSON.parse(output) as number[]).map((each) => (each < 3 ? 0 : each > 252 ? 255 : each));
}

function said(file: object) {
  const whole = { files: [{ path: 'a', kind: 'a picture', notes: [], text: '', pictures: [], ...file }] };
  const output = Buffer.from(JSON.stringify(whole));
  return { exitCode: 0, output, outputBytes: output.length, timedOut: false, durationMs: 0 };
}
