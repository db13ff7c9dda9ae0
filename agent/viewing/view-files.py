# Makes files of the workspace ready for a model: pictures of a size that every vendor takes, pages of a PDF, and the text of documents.
# It runs in the sandbox, as the agent's user, because what it reads is anybody's. What it says is JSON, which the runner checks.
# argv[1]: base64 of {"folder", "files": [{"path", "first"?, "last"?}], "pages"}
import base64, glob, io, json, os, re, shutil, subprocess, sys, time, zipfile
from html.parser import HTMLParser
from xml.etree import ElementTree

EDGE = 1568            # vendors scale down what is longer, and refuse what is much longer
LEAST = 32             # some servers refuse what is smaller
PICTURE_BYTES = 1024 * 1024
MOST_PIXELS = 100_000_000
MOST_BYTES = 64 * 1024 * 1024
MOST_XML = 64 * 1024 * 1024
MOST_TEXT = 60_000
MOST_SHOWN = 30_000    # bytes; a little less than a model is given at once
SECONDS = 40

class Cannot(Exception):
    pass

def main():
    order = json.loads(base64.b64decode(sys.argv[1]))
    folder = order['folder']
    os.makedirs(folder, mode=0o700, exist_ok=True)
    forget_old(os.path.dirname(folder))
    print(json.dumps({'files': [view(each, folder, n, order['pages']) for n, each in enumerate(order['files'])]}))

def forget_old(parent):
    for old in glob.glob(os.path.join(glob.escape(parent), '*')):
        if os.path.getmtime(old) < time.time() - 1800:
            shutil.rmtree(old, ignore_errors=True)

def view(order, folder, n, most_pages):
    path = order['path']
    found = {'path': path, 'kind': '', 'notes': [], 'text': '', 'pictures': []}
    try:
        if not os.path.isfile(path):
            raise Cannot('There is no such file.' if not os.path.exists(path) else 'That is not a regular file.')
        size = os.path.getsize(path)
        if size == 0:
            raise Cannot('The file is empty.')
        if size > MOST_BYTES:
            raise Cannot(f'The file has {size} bytes, and at most {MOST_BYTES} are looked at. Work on it with bash.')
        with open(path, 'rb') as file:
            head = file.read(4096)
        base = os.path.join(folder, str(n))
        reader, kind = reader_of(path, head)
        found['kind'] = kind
        reader(path, base, found, order, most_pages)
    except Cannot as why:
        found['problem'] = str(why)
    except MemoryError:
        found['problem'] = 'The file is too large to be opened in this sandbox.'
    except subprocess.TimeoutExpired:
        found['problem'] = f'Opening the file takes longer than {SECONDS} s. Look at fewer pages, or work on it with bash.'
    except Exception as why:
        found['problem'] = f'The file cannot be read as {found["kind"] or "anything known"}: {type(why).__name__}: {str(why)[:200]}'
    return found

def reader_of(path, head):
    if head.startswith((b'\x89PNG\r\n\x1a\n', b'\xff\xd8\xff', b'GIF87a', b'GIF89a', b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')) \
            or (head[:4] == b'RIFF' and head[8:12] == b'WEBP') or head[:12] == b'\0\0\0\x0cjP  \r\n' or is_bmp(head):
        return picture, 'a picture'
    if b'%PDF-' in head[:1024]:
        return pdf, 'a PDF'
    if is_heif(head):
        return heif, 'a picture'
    if head.startswith(b'PK\x03\x04'):
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
        if 'word/document.xml' in names:
            return docx, 'a Word document'
        if 'xl/workbook.xml' in names:
            return xlsx, 'an Excel workbook'
        if 'ppt/presentation.xml' in names:
            return pptx, 'a PowerPoint presentation'
        if 'content.xml' in names:
            return opendocument, 'an OpenDocument file'
        raise Cannot('That is a ZIP archive. Work on it with bash: unzip -l shows what is in it.')
    if head.startswith(b'\xd0\xcf\x11\xe0'):
        raise Cannot('That is a document of the old Office format (doc, xls, ppt), or one with a password. Ask for docx, xlsx, pptx or PDF.')
    if b'\0' in head and not head.startswith((b'\xff\xfe', b'\xfe\xff')):
        raise Cannot('That is neither a picture nor a document of a known format. Work on it with bash.')
    if is_svg(head):
        return svg, 'a drawing (SVG)'
    if re.match(rb'(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)\b', head, re.I):
        return html, 'a page of HTML'
    return text, 'text'

def is_bmp(head):
    """Words may begin with BM too. A BMP has four empty bytes, and a header of one of a few sizes."""
    return head[:2] == b'BM' and head[6:10] == bytes(4) and head[14:18] in [size.to_bytes(4, 'little') for size in (12, 40, 52, 56, 64, 108, 124)]

# Pictures

def picture(path, base, found, order, most_pages):
    try:
        from PIL import Image
    except ImportError:
        raise Cannot("The image of this sandbox has no Pillow for Python (Debian: python3-pil), which pictures are opened with.")
    # The size is judged here, in words.
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(path) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise Cannot(f'The picture has {width} x {height} pixels, and at most {MOST_PIXELS:,} are opened.')
        frames = getattr(image, 'n_frames', 1)
        found['kind'] = f'a picture ({image.format}, {width} x {height} pixels)'
        if frames > 1:
            found['notes'].append(f'Only the first of {frames} frames is shown.')
        image.draft('RGB', (EDGE, EDGE))
        image.load()
        add_picture(image, base + '.1', found, found['path'], (width, height))

def add_picture(image, target, found, label, original):
    from PIL import Image, ImageOps
    image = ImageOps.exif_transpose(image)
    if image.mode in ('I;16', 'I;16B', 'I', 'F'):
        image = ImageOps.autocontrast(image.point(lambda v: v / 256).convert('L'))
    if image.mode not in ('RGB', 'L'):
        image = flat(image)
    image.thumbnail((EDGE, EDGE), Image.LANCZOS)
    width, height = image.size
    if width < LEAST or height < LEAST:
        wide = Image.new('RGB', (max(width, LEAST), max(height, LEAST)), 'white')
        wide.paste(image, (0, 0))
        image = wide
    data, kind, size = encoded(image)
    with open(target, 'wb') as file:
        file.write(data)
    if max(size) < max(original):
        found['notes'].append(f'It is shown smaller, with {size[0]} x {size[1]} pixels: crop a part with Pillow to see more.')
    found['pictures'].append({'file': target, 'type': kind, 'label': label})

def flat(image):
    """On white, as people see it."""
    from PIL import Image
    image = image.convert('RGBA')
    ground = Image.new('RGBA', image.size, 'white')
    ground.alpha_composite(image)
    return ground.convert('RGB')

def encoded(image):
    from PIL import Image
    out = io.BytesIO()
    image.save(out, 'PNG', optimize=True)
    if out.tell() <= PICTURE_BYTES:
        return out.getvalue(), 'image/png', image.size
    while True:
        for quality in (88, 75, 60):
            out = io.BytesIO()
            image.save(out, 'JPEG', quality=quality)
            if out.tell() <= PICTURE_BYTES:
                return out.getvalue(), 'image/jpeg', image.size
        image = image.resize((image.size[0] * 3 // 4, image.size[1] * 3 // 4), Image.LANCZOS)

# PDF

def run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)

def pdf(path, base, found, order, most_pages):
    try:
        info = run('pdfinfo', path)
    except FileNotFoundError:
        raise Cannot('The image of this sandbox has no poppler (Debian: poppler-utils), which PDF is read with.')
    said = info.stderr.decode(errors='replace')
    if 'Incorrect password' in said:
        raise Cannot('The PDF has a password. Ask for it, or for a copy without.')
    facts = info.stdout.decode(errors='replace')
    pages = re.search(r'^Pages:\s+(\d+)', facts, re.M)
    if info.returncode != 0 or pages is None:
        raise Cannot(f'The PDF cannot be opened: {said.strip()[:200]}')
    pages = int(pages[1])
    found['kind'] = f'a PDF ({pages} {"page" if pages == 1 else "pages"})'
    first = order.get('first') or 1
    if first > pages:
        raise Cannot(f'The PDF has {pages} pages.')
    last = min(pages, order.get('last') or pages, first + most_pages - 1)
    words = run('pdftotext', '-layout', '-f', str(first), '-l', str(last), path, '-').stdout.decode(errors='replace').replace('\f', '\n')
    is_part = first > 1 or last < pages
    if is_part:
        found['notes'].append(f'These are the pages {first} to {last} of {pages}; at most {most_pages} are shown at once. For others give `pages`.')
    if words.strip():
        keep(found, words, part=f'.pages-{first}-{last}' if is_part else '')
    else:
        found['notes'].append('These pages hold no text that can be read by a program; they may be scanned.')
    from PIL import Image
    for page in range(first, last + 1):
        drawn = f'{base}.{page}'
        run('pdftoppm', '-png', '-singlefile', '-scale-to', str(EDGE), '-f', str(page), '-l', str(page), path, drawn)
        if not os.path.exists(drawn + '.png'):
            found['notes'].append(f'Page {page} cannot be drawn.')
            continue
        with Image.open(drawn + '.png') as image:
            image.load()
            add_picture(image, drawn, found, f'{found["path"]}, page {page}', image.size)
        os.remove(drawn + '.png')
    # Vendors refuse a PDF that is encrypted, also where it opens without a password.
    is_locked = re.search(r'^Encrypted:\s+yes', facts, re.M) is not None
    whole = not is_part and not is_locked and len(found['pictures']) == pages
    if whole and os.path.getsize(path) <= 4 * PICTURE_BYTES:
        found['whole'] = path

# Documents

def part(archive, name):
    with archive.open(name) as file:
        data = file.read(MOST_XML + 1)
    if len(data) > MOST_XML:
        raise Cannot('A part of the document is too large to be read here. Work on it with bash.')
    return ElementTree.fromstring(data)

def local(element):
    return element.tag.rsplit('}', 1)[-1]

def attribute(element, name):
    return next((value for key, value in element.attrib.items() if key.rsplit('}', 1)[-1] == name), None)

def numbered(names, pattern):
    found = ((int(match[1]), name) for name in names if (match := re.fullmatch(pattern, name)))
    return [name for _, name in sorted(found)]

def docx(path, base, found, order, most_pages):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        parts = ['word/document.xml', *(n for n in ('word/footnotes.xml', 'word/endnotes.xml', 'word/comments.xml') if n in names)]
        texts = []
        for name in parts:
            lines = '\n'.join(blocks(part(archive, name)))
            texts.append(lines if name == parts[0] or not lines.strip() else f'[{name[5:-4]}]\n{lines}')
    keep(found, '\n\n'.join(text for text in texts if text.strip()))

def blocks(element):
    for child in element:
        kind = local(child)
        if kind == 'p':
            yield paragraph(child)
        elif kind == 'tbl':
            for row in child:
                if local(row) == 'tr':
                    yield ' | '.join(' '.join(blocks(cell)).strip() for cell in row if local(cell) == 'tc')
        else:
            yield from blocks(child)

def paragraph(element):
    pieces = []
    style = ''
    for each in element.iter():
        kind = local(each)
        if kind == 't':
            pieces.append(each.text or '')
        elif kind == 'delText':
            continue
        elif kind == 'tab':
            pieces.append('\t')
        elif kind in ('br', 'cr'):
            pieces.append('\n')
        elif kind == 'pStyle':
            style = attribute(each, 'val') or ''
        elif kind == 'numPr' and not style:
            style = 'list'
    text = ''.join(pieces).strip('\n')
    level = re.match(r'Heading(\d)', style)
    if level and text.strip():
        return '#' * int(level[1]) + ' ' + text.strip()
    return f'- {text}' if style in ('list', 'ListParagraph') and text.strip() else text

def xlsx(path, base, found, order, most_pages):
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        shared = []
        if 'xl/sharedStrings.xml' in names:
            shared = [''.join(t.text or '' for t in si.iter() if local(t) == 't') for si in part(archive, 'xl/sharedStrings.xml')]
        dates = date_styles(part(archive, 'xl/styles.xml')) if 'xl/styles.xml' in names else set()
        targets = {attribute(r, 'Id'): attribute(r, 'Target') for r in part(archive, 'xl/_rels/workbook.xml.rels')}
        out = []
        for sheet in part(archive, 'xl/workbook.xml').iter():
            if local(sheet) != 'sheet':
                continue
            target = (targets.get(sheet.attrib.get('{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id')) or '').lstrip('/')
            name = target if target.startswith('xl/') else f'xl/{target}'
            if name in names:
                rows = list(sheet_rows(part(archive, name), shared, dates))
                hidden = ', hidden' if sheet.attrib.get('state', 'visible') != 'visible' else ''
                out.append(f'## Sheet {sheet.attrib.get("name", "")} ({len(rows)} rows{hidden})\n' + '\n'.join(rows))
    keep(found, '\n\n'.join(out))

def date_styles(styles):
    custom = {}
    cells = []
    for each in styles.iter():
        if local(each) == 'numFmt':
            code = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', '', each.attrib.get('formatCode', ''))
            custom[each.attrib.get('numFmtId')] = re.search(r'[ymdhs]', code, re.I) is not None
        elif local(each) == 'cellXfs':
            cells = [xf.attrib.get('numFmtId', '0') for xf in each]
    built_in = {str(n) for n in (*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59))}
    return {str(at) for at, of in enumerate(cells) if custom.get(of, of in built_in)}

def sheet_rows(sheet, shared, dates):
    for row in sheet.iter():
        if local(row) != 'row':
            continue
        cells = {}
        for cell in row:
            if local(cell) != 'c':
                continue
            letters = re.match(r'[A-Z]+', cell.attrib.get('r', ''))
            at = column(letters[0]) if letters else len(cells)
            cells[at] = value_of(cell, shared, dates)
        if any(cells.values()):
            yield '\t'.join(cells.get(at, '') for at in range(min(max(cells) + 1, 512)))

def column(letters):
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - 64
    return at - 1

def value_of(cell, shared, dates):
    kind = cell.attrib.get('t', 'n')
    if kind == 'inlineStr':
        value = ''.join(t.text or '' for t in cell.iter() if local(t) == 't')
    else:
        value = next((v.text or '' for v in cell if local(v) == 'v'), '')
    if kind == 's':
        value = shared[int(value)] if value else ''
    elif kind == 'b':
        value = 'TRUE' if value == '1' else 'FALSE'
    elif kind == 'n' and value and cell.attrib.get('s') in dates:
        value = as_date(value)
    return re.sub(r'[\t\r\n]+', ' ', value)

def as_date(value):
    from datetime import datetime, timedelta
    try:
        when = datetime(1899, 12, 30) + timedelta(days=float(value))
    except (ValueError, OverflowError):
        return value
    if float(value) < 1:
        return when.strftime('%H:%M:%S')
    return when.strftime('%Y-%m-%d' if float(value).is_integer() else '%Y-%m-%d %H:%M:%S')

def pptx(path, base, found, order, most_pages):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        out = []
        for n, name in enumerate(numbered(names, r'ppt/slides/slide(\d+)\.xml'), 1):
            out.append(f'## Slide {n}\n' + '\n'.join(paragraphs_of(part(archive, name))))
            notes = name.replace('slides/slide', 'notesSlides/notesSlide')
            if notes in names:
                said = [line for line in paragraphs_of(part(archive, notes)) if not line.isdigit()]
                if said:
                    out.append('Notes: ' + '\n'.join(said))
    keep(found, '\n\n'.join(out))

def paragraphs_of(slide):
    for element in slide.iter():
        if local(element) == 'p':
            line = ''.join((each.text or '') if local(each) == 't' else '\n' for each in element.iter() if local(each) in ('t', 'br'))
            if line.strip():
                yield line

def opendocument(path, base, found, order, most_pages):
    with zipfile.ZipFile(path) as archive:
        root = part(archive, 'content.xml')
    lines = []
    def walk(element):
        for child in element:
            if local(child) == 'table-row':
                lines.append('\t'.join(''.join(cell.itertext()).strip() for cell in child if local(cell) == 'table-cell'))
            elif local(child) in ('p', 'h'):
                lines.append(''.join(child.itertext()))
            else:
                walk(child)
    walk(root)
    keep(found, '\n'.join(line for line in lines if line.strip()))

class PageText(HTMLParser):
    SILENT = ('script', 'style', 'noscript', 'template', 'svg', 'head')
    LINES = ('p', 'div', 'br', 'li', 'tr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'section', 'article', 'table', 'pre', 'ul', 'ol')

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.out, self.silent = [], []

    def handle_starttag(self, tag, attrs):
        if tag in self.SILENT:
            self.silent.append(tag)
        elif tag in self.LINES:
            self.out.append('\n')
        elif tag in ('td', 'th'):
            self.out.append('\t')

    def handle_endtag(self, tag):
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()
        elif tag in self.LINES:
            self.out.append('\n')

    def handle_data(self, data):
        if not self.silent:
            self.out.append(data if data.strip() else ' ')

def html(path, base, found, order, most_pages):
    page = PageText()
    page.feed(decoded(path))
    page.close()
    keep(found, re.sub(r'[ \t]*\n\s*\n+', '\n\n', ''.join(page.out)).strip())

def text(path, base, found, order, most_pages):
    keep(found, decoded(path), own=True)

def decoded(path):
    with open(path, 'rb') as file:
        data = file.read()
    try:
        return data.decode('utf-16' if data.startswith((b'\xff\xfe', b'\xfe\xff')) else 'utf-8-sig')
    except UnicodeError:
        return data.decode('latin-1')

def keep(found, whole, own=False, part=''):
    """The text, as much as a model reads at once. The whole of a longer one is in a file beside it."""
    found['text'] = whole[:MOST_TEXT]
    if len(whole.encode(errors='replace')) <= MOST_SHOWN:
        return
    if own:
        found['notes'].append(f'It has {len(whole)} characters. Read parts of it with read_file.')
        return
    target = f'/workspace/viewed/{os.path.basename(found["path"])}{part}.txt'
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, 'w', encoding='utf-8', errors='replace') as file:
        file.write(whole)
    found['notes'].append(f'Its text has {len(whole)} characters; all of it is in {target}: read parts of it with read_file.')

main()
