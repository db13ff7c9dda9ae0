/** Files as the model is shown them, made ready in a real sandbox. */

import { sizeOf } from '../../../agent/viewing/picture-header.ts';
import type { ToolContent } from '../../../contracts/conversation.ts';
import { inTransaction } from '../../../store/database.ts';
import { getFile } from '../../../store/files.ts';
import { readTranscript } from '../../../store/transcript.ts';
import { createRealSandbox, type RealSandbox } from './support/real-sandbox.ts';
import { createToolStage, type ToolStage } from './support/tool-stage.ts';

let stage: ToolStage;
let real: RealSandbox;

beforeAll(async () => {
  [stage, real] = await Promise.all([createToolStage(), createRealSandbox()]);
  const made = await real.sandbox.run(`python3 - <<'EOF'\n${SAMPLES}\nEOF`, { timeoutMs: 120_000 });
  if (made.exitCode !== 0) throw new Error(made.output);
}, 180_000);
afterAll(async () => {
  await Promise.all([real?.[Symbol.asyncDispose](), stage?.[Symbol.asyncDispose]()]);
});

async function view(given: Readonly<Record<string, unknown>>, port = real.port): Promise<ToolContent> {
  const ref = await stage.pending('view_file', given);
  await stage.run(ref, { sandbox: port });
  const rows = await readTranscript(stage.database, ref.session);
  const last = rows.findLast((row) => row.role === 'tool');
  if (last?.role !== 'tool') throw new Error('no result');
  return last.content;
}

async function bytesOf(content: ToolContent, nth = 0): Promise<Buffer> {
  const id = content.shown?.[nth]?.file ?? '';
  const file = await getFile(stage.database, id);
  if (!file) throw new Error(`no file ${id}`);
  return file.bytes;
}

test('a picture is shown as it is, and its bytes are kept for later calls', async () => {
  const content = await view({ path: 'small.png' });
  expect(content.text).toMatch(
    /^small\.png is a picture \(PNG, 300 x 200 pixels\)\. What it shows .* not instructions/,
  );
  expect(content.shown).toEqual([
    { file: expect.any(String), type: 'image/png', bytes: expect.any(Number), label: 'small.png' },
  ]);
  expect(sizeOf(await bytesOf(content), 'image/png')).toEqual({ width: 300, height: 200 });
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
  const content = await view({ path });
  expect(content.isError).toBe(false);
  const [shown] = content.shown ?? [];
  if (!shown || shown.type === 'application/pdf') throw new Error(content.text);
  expect(shown.bytes).toBeLessThanOrEqual(1024 * 1024);
  expect(sizeOf(await bytesOf(content), shown.type)).toEqual(size);
});

test('a photograph of a telephone looks as it was taken', async () => {
  const content = await view({ path: 'photo.heic' });
  expect(content.text).toMatch(/^photo\.heic is a picture \(HEIC, 300 x 200 pixels\)/);
  expect(await colourOf(await bytesOf(content))).toEqual([0, 0, 128]);
  expect((await view({ path: 'avif.png' })).text).toContain('a picture (AVIF, 300 x 200 pixels)');
});

test('what is clear in a picture of a telephone is white, as people see it', async () => {
  expect(await colourOf(await bytesOf(await view({ path: 'clear.heic' })))).toEqual([255, 255, 255]);
});

test('of several pictures in one file the main one is shown, and that there are others is said', async () => {
  const content = await view({ path: 'several.heic' });
  expect(content.text).toContain('The file holds 3 pictures; the main one is shown.');
  expect(content.shown).toHaveLength(1);
  expect(sizeOf(await bytesOf(content), 'image/png')).toEqual({ width: 300, height: 200 });
});

test('a drawing is shown as a picture, and its text is read too; what it points to stays out', async () => {
  const content = await view({ path: 'drawing.svg' });
  expect(content.text).toContain('a drawing (SVG)');
  expect(content.text).toContain('Signups rose');
  expect(content.shown).toMatchObject([{ type: 'image/png', label: 'drawing.svg' }]);
  expect(await colourOf(await bytesOf(content))).toEqual([255, 0, 0]);
});

test('a drawing that cannot be drawn is read as text, and why is said', async () => {
  const content = await view({ path: 'entities.svg' });
  expect(content.isError).toBe(false);
  expect(content.text).toMatch(/cannot be drawn/);
  expect(content.text).toContain('<svg');
  expect(content.shown).toBeUndefined();
});

test('a text that begins as a BMP does is text', async () => {
  expect((await view({ path: 'bm.txt' })).text).toContain('BMW sold more');
});

test('without the programs that open them, pictures of telephones are a sentence, and drawings are text', async () => {
  const bare = {
    ...real.port,
    runStep: (given: Parameters<typeof real.port.runStep>[0]) =>
      real.port.runStep({ ...given, command: given.command.replace('python3 -I', 'PATH=/tmp/bare python3 -I') }),
  };
  await real.sandbox.run('mkdir -p /tmp/bare && ln -sf "$(command -v python3)" /tmp/bare/python3');
  expect((await view({ path: 'photo.heic' }, bare)).text).toMatch(
    /no heif-convert \(Debian: libheif-examples\).*Ask for a PNG or a JPEG/,
  );
  const drawing = await view({ path: 'drawing.svg' }, bare);
  expect(drawing.text).toContain('no rsvg-convert (Debian: librsvg2-bin)');
  expect(drawing.text).toContain('Signups rose');
});

test('what a photograph says of place and time is not sent', async () => {
  expect((await bytesOf(await view({ path: 'turned.jpg' }))).includes('Exif')).toBe(false);
});

test('a picture that does not compress is made smaller until it fits', async () => {
  const content = await view({ path: 'noise.png' });
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
  const content = await view({ path });
  expect(content).toMatchObject({ isError: true, text: expect.stringMatching(words) });
  expect(content.shown).toBeUndefined();
});

test('a short PDF is shown whole, with its text, and by pages where the model takes pictures only', async () => {
  const content = await view({ path: 'three.pdf' });
  expect(content.text).toContain('a PDF (3 pages)');
  expect(content.text).toMatch(/Page number 1[\s\S]*Page number 3/);
  const [shown] = content.shown ?? [];
  expect(shown).toMatchObject({ type: 'application/pdf', label: 'three.pdf' });
  expect(shown?.pages?.map(({ label }) => label)).toEqual([1, 2, 3].map((page) => `three.pdf, page ${page}`));
  expect((await bytesOf(content)).subarray(0, 5).toString()).toBe('%PDF-');
}, 60_000);

test('of a long PDF ten pages are shown at once, and others when they are asked for', async () => {
  const first = await view({ path: 'long.pdf' });
  expect(first.text).toContain('the pages 1 to 10 of 12; at most 10 are shown at once');
  expect(first.shown).toHaveLength(10);
  const rest = await view({ path: 'long.pdf', pages: '11-12' });
  expect(rest.shown?.map(({ label }) => label)).toEqual(['long.pdf, page 11', 'long.pdf, page 12']);
  expect((await view({ path: 'long.pdf', pages: '40' })).text).toContain('The PDF has 12 pages.');
}, 60_000);

test('a PDF that its owner has locked is shown by its pages, because vendors refuse what is encrypted', async () => {
  const { text, isError, shown } = await view({ path: 'locked.pdf' });
  expect(text).toContain('locked.pdf is a PDF (2 pages)');
  expect(isError).toBe(false);
  expect(shown?.map(({ type, label }) => [type, label])).toEqual([
    ['image/png', 'locked.pdf, page 1'],
    ['image/png', 'locked.pdf, page 2'],
  ]);
}, 60_000);

test('the text of a PDF full of words is cut, and the whole text of what is shown lies in the workspace', async () => {
  const { signal } = new AbortController();
  const [first, rest] = await Promise.all([view({ path: 'words.pdf' }), view({ path: 'words.pdf', pages: '11-12' })]);
  expect(first.isError).toBe(false);
  expect(first.shown).toHaveLength(10);
  expect(first.text).toMatch(/all of it is in \/workspace\/viewed\/words\.pdf\.pages-1-10\.txt/);
  const whole = await real.port.readFile('/workspace/viewed/words.pdf.pages-1-10.txt', { maxBytes: 1e7, signal });
  expect(whole.length).toBeGreaterThan(100_000);
  expect(whole.toString()).toMatch(/page 1 line 0 [\s\S]*page 10 line 199 /);
  expect(whole.toString()).not.toContain('page 11');
  expect(rest.text).toContain('page 12 line 199 ');
}, 120_000);

test.each([
  [
    'report.docx',
    [/# Results\n/, /Signups rose by 12 %/, /Region \| Count\nNorth \| 7/, /\[footnotes\]\nCounted twice/],
  ],
  ['numbers.xlsx', [/## Sheet Sales \(3 rows\)/, /Day\tCount\tDone/, /2026-11-30\t7\tTRUE/, /said inline/]],
  ['talk.pptx', [/## Slide 1\nWelcome/, /Notes: Do not read this aloud/, /## Slide 2\nThe end/]],
  ['page.html', [/Hello team/, /a\tb/]],
  ['table.csv', [/city,people\nKöln,1000000/]],
  ['utf16.txt', [/^utf16\.txt is text[\s\S]*Grüße/]],
])('the text of %s is read', async (path, words) => {
  const content = await view({ path });
  for (const each of words) expect(content.text).toMatch(each);
  expect(content.text).not.toContain('alert(1)');
  expect(content.isError).toBe(false);
});

test('a long document is cut, and the whole text lies in the workspace', async () => {
  const content = await view({ path: 'long.docx' });
  expect(content.text).toContain('/workspace/viewed/long.docx.txt');
  const whole = await real.port.readFile('/workspace/viewed/long.docx.txt', {
    maxBytes: 1e7,
    signal: new AbortController().signal,
  });
  expect(whole.toString()).toContain('line 4999');
});

test('what is cut for its bytes lies whole in the workspace as well', async () => {
  const content = await view({ path: 'umlauts.docx' });
  expect(content.text).toContain('bytes left out here');
  expect(content.text).toContain('/workspace/viewed/umlauts.docx.txt');
});

test('what the sandbox says is believed no further than it can be checked', async () => {
  const lying = {
    ...real.port,
    runStep: async () => said({ pictures: [{ file: 'huge.jpg', type: 'image/jpeg', label: 'x' }] }),
  };
  const content = await view({ path: 'huge.jpg' }, lying);
  expect(content.shown).toBeUndefined();
  expect(content.text).toContain('could not be made ready');
  const odd = { ...real.port, runStep: async () => said({ pictures: 'all of them' }) };
  expect((await view({ path: 'small.png' }, odd)).text).toContain('could not be read');
});

test('an image without Python is named with what it lacks', async () => {
  const bare = { ...real.port, runStep: async () => ({ ...said({}), exitCode: 127 }) };
  expect((await view({ path: 'small.png' }, bare)).text).toContain('has no python3');
});

test('a library that lies in the workspace is not used', async () => {
  await real.sandbox.run('mkdir -p PIL && echo "raise SystemExit(9)" > PIL/__init__.py && cp PIL/__init__.py json.py');
  expect((await view({ path: 'small.png' })).shown).toHaveLength(1);
  await real.sandbox.run('rm -rf PIL json.py');
});

test('an attempt that comes late stores nothing beside what the first has stored', async () => {
  const ref = await stage.pending('view_file', { path: 'small.png' });
  await Promise.all([stage.run(ref, { sandbox: real.port }), stage.run(ref, { sandbox: real.port })]);
  const rows = await readTranscript(stage.database, ref.session);
  expect(rows.filter(({ role }) => role === 'tool')).toHaveLength(1);
  const { rows: files } = await inTransaction(stage.database, (db) =>
    db.query("select id from file where session = $1 and direction = 'seen'", [ref.session]),
  );
  expect(files).toHaveLength(1);
});

/** The pixel in the middle of a picture, as the sandbox reads it. */
async function colourOf(bytes: Buffer): Promise<number[]> {
  await real.port.writeFile('/tmp/seen', bytes, { signal: new AbortController().signal });
  const { output } = await real.sandbox.run(
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

const SAMPLES = String.raw`
import io, os, random, zipfile
from PIL import Image
small = Image.new('RGB', (300, 200), 'navy')
small.save('small.png'); small.save('a.webp'); small.convert('CMYK').save('cmyk.jpg')
os.system('cp small.png really-png.pdf')
Image.effect_noise((4000, 3000), 60).convert('RGB').save('huge.jpg', quality=90)
Image.frombytes('RGB', (1500, 1500), random.Random(1).randbytes(1500 * 1500 * 3)).save('noise.png')
frames = [Image.new('P', (40, 40), n) for n in range(3)]
frames[0].save('moves.gif', save_all=True, append_images=frames[1:])
Image.new('I;16', (64, 64), 40000).save('deep.tiff')
Image.new('RGB', (8000, 1)).save('line.png')
Image.new('RGBA', (1, 1)).save('point.png')
exif = Image.Exif(); exif[0x0112] = 6
small.save('turned.jpg', exif=exif)
data = open('small.png', 'rb').read()
open('broken.png', 'wb').write(data[:len(data) // 2])
Image.MAX_IMAGE_PIXELS = None
Image.new('1', (40000, 30000)).save('bomb.png')
open('empty.png', 'wb').close()
os.system('cp /bin/true program')
with zipfile.ZipFile('archive.zip', 'w') as z: z.writestr('a.txt', 'a')
open('broken.pdf', 'wb').write(b'%PDF-1.7\n' + b'x' * 200)
open('old.doc', 'wb').write(b'\xd0\xcf\x11\xe0' + b'\0' * 600)
small.convert('CMYK').save('cmyk.tiff', compression='tiff_lzw'); small.save('a.bmp')
open('bm.txt', 'w').write('BMW sold more than last year. ' * 5)
Image.new('1', (40000, 30000)).save('bomb.tiff', compression='group4')
def heif(target, *sources):
    if os.system(f'heif-enc -L {" ".join(sources)} -o made.heic 2>/dev/null') != 0: raise SystemExit('heif-enc')
    os.replace('made.heic', target)
heif('photo.heic', 'small.png')
# As telephones write it: the box irot turns the picture, and Exif says once more that it is turned.
heif('turned.heic', 'turned.jpg')
box = bytearray(open('turned.heic', 'rb').read())
number = lambda at, size=4: int.from_bytes(box[at:at + size], 'big')
def grow(at, by): box[at:at + 4] = (number(at) + by).to_bytes(4, 'big')
item = box.index(b'ipma') + 14
start = box.index(b'ipco') - 4
end, at, properties = start + number(start), start + 8, 0
while at < end: at, properties = at + number(at), properties + 1
box[item] += 1
box.insert(item + box[item], 0x80 | (properties + 1))
box[end:end] = bytes([0, 0, 0, 9]) + b'irot' + bytes([3])
for name, by in ((b'meta', 10), (b'iprp', 10), (b'ipco', 9), (b'ipma', 1)): grow(box.index(name) - 4, by)
at = box.index(b'iloc') + 12
for _ in range(number(at - 2, 2)):
    grow(at + 4, 10)
    at += 10 + 8 * number(at + 8, 2)
open('turned.heic', 'wb').write(box)
Image.new('RGB', (2000, 1500), 'navy').save('large.png')
if os.system('heif-enc -q 50 large.png -o large.heic 2>/dev/null; heif-enc -A small.png -o made.avif') != 0: raise SystemExit('heif-enc -A')
os.replace('made.avif', 'avif.png')
Image.new('RGBA', (300, 200), (255, 0, 0, 0)).save('clear.png')
heif('clear.heic', 'clear.png')
Image.new('RGB', (64, 64), 'green').save('green.png')
heif('several.heic', 'small.png', 'green.png', 'green.png')
heif('album.heic', *['green.png'] * 25)
data = open('photo.heic', 'rb').read()
open('broken.heic', 'wb').write(data[:len(data) - 100])
size = data.index(b'ispe') + 8
for name, pixels in (('bomb.heic', b'\x7f\xff\xff\xff'), ('wide.heic', (20_000).to_bytes(4, 'big'))):
    open(name, 'wb').write(data[:size] + pixels * 2 + data[size + 8:])
open('drawing.svg', 'w').write('''<?xml version="1.0"?>
<!-- made by a program -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 200"><rect width="300" height="200" fill="red"/><text x="10" y="20">Signups rose</text>
<image href="file:///etc/passwd" width="10" height="10"/><image href="http://192.0.2.1/a.png" width="10" height="10"/></svg>''')
open('enormous.svg', 'w').write('<svg xmlns="http://www.w3.org/2000/svg" width="900000" height="900000"><rect width="100%" height="100%" fill="red"/></svg>')
entities = ''.join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
open('entities.svg', 'w').write(f'<!DOCTYPE svg [<!ENTITY e0 "aaaaaaaaaa">{entities}]><svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><text>&e9;</text></svg>')

import matplotlib
matplotlib.use('pdf')
matplotlib.rcParams['pdf.fonttype'] = 42
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib import pyplot
for name, pages in (('three.pdf', 3), ('long.pdf', 12)):
    with PdfPages(name) as pdf:
        for page in range(1, pages + 1):
            figure = pyplot.figure(figsize=(4, 5))
            figure.text(0.2, 0.5, f'Page number {page}')
            pdf.savefig(figure)
            pyplot.close(figure)

def write_pdf(name, pages, encrypt=''):
    objects = ['<< /Type /Catalog /Pages 2 0 R >>', '', '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>']
    kids = []
    for lines in pages:
        drawn = 'BT /F1 3 Tf 3.5 TL 30 760 Td ' + ' '.join('(' + line + ") '" for line in lines) + ' ET'
        kids.append(f'{len(objects) + 1} 0 R')
        content = f'/Contents {len(objects) + 2} 0 R ' if lines else ''
        objects.append(f'<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] {content}/Resources << /Font << /F1 3 0 R >> >> >>')
        objects.append(f'<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream')
    objects[1] = '<< /Type /Pages /Kids [' + ' '.join(kids) + f'] /Count {len(kids)} >>'
    out, places = '%PDF-1.4\n', []
    for n, each in enumerate(objects, 1):
        places.append(len(out))
        out += f'{n} 0 obj\n{each}\nendobj\n'
    table = ''.join(f'{at:010} 00000 n \n' for at in places)
    out += f'xref\n0 {len(places) + 1}\n0000000000 65535 f \n{table}trailer << /Size {len(places) + 1} /Root 1 0 R {encrypt}>>\nstartxref\n{len(out)}\n%%EOF\n'
    open(name, 'w', newline='').write(out)
write_pdf('words.pdf', [[f'page {page} line {n} ' + 'word ' * 10 for n in range(200)] for page in range(1, 13)])
# Locked as most tools do it: anybody may open it, and nobody may change it (ISO 32000-1, 7.6.3, revision 2).
import hashlib
PAD = bytes.fromhex('28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a')
def rc4(key, data):
    s, j, out = list(range(256)), 0, []
    for i in range(256):
        j = (j + s[i] + key[i % len(key)]) % 256
        s[i], s[j] = s[j], s[i]
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + s[i]) % 256
        s[i], s[j] = s[j], s[i]
        out.append(byte ^ s[(s[i] + s[j]) % 256])
    return bytes(out)
owner, named, rights = b'o' * 32, b'n' * 16, -60
key = hashlib.md5(PAD + owner + rights.to_bytes(4, 'little', signed=True) + named).digest()[:5]
write_pdf('locked.pdf', [[], []], f'/ID [<{named.hex()}> <{named.hex()}>] /Encrypt << /Filter /Standard /V 1 /R 2 /O <{owner.hex()}> /U <{rc4(key, PAD).hex()}> /P {rights} >> ')

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
def para(text, style=''):
    properties = '<w:pPr><w:pStyle w:val="' + style + '"/></w:pPr>' if style else ''
    return '<w:p>' + properties + '<w:r><w:t>' + text + '</w:t></w:r></w:p>'
def cell(text): return '<w:tc>' + para(text) + '</w:tc>'
table = '<w:tbl><w:tr>' + cell('Region') + cell('Count') + '</w:tr><w:tr>' + cell('North') + cell('7') + '</w:tr></w:tbl>'
with zipfile.ZipFile('report.docx', 'w') as z:
    z.writestr('word/document.xml', f'<w:document {W}><w:body>' + para('Results', 'Heading1') + para('Signups rose by 12 %') + table + '</w:body></w:document>')
    z.writestr('word/footnotes.xml', f'<w:footnotes {W}><w:footnote>' + para('Counted twice') + '</w:footnote></w:footnotes>')
with zipfile.ZipFile('long.docx', 'w', zipfile.ZIP_DEFLATED) as z:
    z.writestr('word/document.xml', f'<w:document {W}><w:body>' + ''.join(para(f'This is line {n}') for n in range(5000)) + '</w:body></w:document>')
with zipfile.ZipFile('umlauts.docx', 'w', zipfile.ZIP_DEFLATED) as z:
    z.writestr('word/document.xml', f'<w:document {W}><w:body>' + para('ü' * 20_000) + '</w:body></w:document>')

S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
with zipfile.ZipFile('numbers.xlsx', 'w') as z:
    z.writestr('xl/workbook.xml', f'<workbook {S} {R}><sheets><sheet name="Sales" sheetId="1" r:id="rId1"/></sheets></workbook>')
    z.writestr('xl/_rels/workbook.xml.rels', '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>')
    z.writestr('xl/sharedStrings.xml', f'<sst {S}><si><t>Day</t></si><si><t>Count</t></si><si><r><t>Do</t></r><r><t>ne</t></r></si></sst>')
    z.writestr('xl/styles.xml', f'<styleSheet {S}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>')
    z.writestr('xl/worksheets/sheet1.xml', f'<worksheet {S}><sheetData><row><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row><row><c r="A2" s="1"><v>46356</v></c><c r="B2"><v>7</v></c><c r="C2" t="b"><v>1</v></c></row><row><c r="B3" t="inlineStr"><is><t>said inline</t></is></c></row></sheetData></worksheet>')

A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
def slide(text): return f'<p:sld {A}><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sld>'
with zipfile.ZipFile('talk.pptx', 'w') as z:
    z.writestr('ppt/presentation.xml', '<p/>')
    z.writestr('ppt/slides/slide2.xml', slide('The end'))
    z.writestr('ppt/slides/slide1.xml', slide('Welcome'))
    z.writestr('ppt/notesSlides/notesSlide1.xml', slide('Do not read this aloud'))
open('page.html', 'w').write('<!doctype html><head><title>x</title><script>alert(1)</script></head><body><p>Hello <b>team</b></p><table><tr><td>a</td><td>b</td></tr></table></body>')
open('table.csv', 'w', encoding='utf-8').write('city,people\nKöln,1000000\n')
open('utf16.txt', 'w', encoding='utf-16').write('Grüße')
`;
