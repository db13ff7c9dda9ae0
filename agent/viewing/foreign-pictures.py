# Formats that neither Pillow nor any model takes: HEIC and AVIF of telephones and browsers, and drawings (SVG). Programs of their own make PNG or JPEG
# of them. look.ts puts this before view-files.py, whose functions it uses, so it runs nowhere but in the sandbox.
import os, re, resource, subprocess

HEIF_BRANDS = (b'heic', b'heix', b'heim', b'heis', b'hevc', b'hevx', b'hevm', b'hevs', b'mif1', b'msf1', b'avif', b'avis')
CONVERT_MEMORY = 1536 * 1024 * 1024   # bytes of one converter; a sandbox has 2 GB by itself
CONVERT_FILE = 256 * 1024 * 1024      # bytes that it may write into one file
MOST_HEIF_PICTURES = 20               # the converter decodes all that a file holds
LOSSLESS_PIXELS = 4_000_000           # of more, a PNG takes long
ALPHA_PIXELS = 25_000_000             # of more, what is clear is not shown as white

def is_heif(head):
    return head[4:8] == b'ftyp' and head[8:12] in HEIF_BRANDS

def is_svg(head):
    rest = head.removeprefix(b'\xef\xbb\xbf').lstrip()
    while before := re.match(rb'<\?xml[^>]*\?>|<!--.*?-->|<!doctype\s+svg[^>\[]*(?:\[.*?\]\s*)?>', rest, re.I | re.S):
        rest = rest[before.end():].lstrip()
    return re.match(rb'<(?:\w+:)?svg[\s>]', rest) is not None

def bounded(*command):
    """Runs a converter. A file can be made so that it takes all memory or disk; then the converter fails, and nothing else does."""
    def bounds():
        for what, most in ((resource.RLIMIT_AS, CONVERT_MEMORY), (resource.RLIMIT_FSIZE, CONVERT_FILE), (resource.RLIMIT_CORE, 0)):
            resource.setrlimit(what, (most, most))
        # Each thread has a stack of that size, and there may be one for each processor.
        resource.setrlimit(resource.RLIMIT_STACK, (1024 * 1024, resource.getrlimit(resource.RLIMIT_STACK)[1]))
    own = {**os.environ, 'MALLOC_ARENA_MAX': '2'}
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, preexec_fn=bounds, env=own)

def last_words(ended):
    if ended.returncode < 0:
        return 'the program that opens it was ended.'
    said = ended.stderr.decode(errors='replace').strip() or ended.stdout.decode(errors='replace').strip()
    return (said.splitlines() or ['no reason was given.'])[-1][:200]

def heif(path, base, found, order, most_pages):
    with open(path, 'rb') as file:
        kind = 'AVIF' if file.read(12)[8:] in (b'avif', b'avis') else 'HEIC'
    try:
        about = bounded('heif-info', path)
    except FileNotFoundError:
        raise Cannot('The image of this sandbox has no heif-convert (Debian: libheif-examples), which pictures of this format (HEIC, AVIF) are opened with. Ask for a PNG or a JPEG.')
    facts = about.stdout.decode(errors='replace')
    held = [(int(width), int(height), rest) for width, height, rest in re.findall(r'^image: (\d+)x(\d+)(.*)$', facts, re.M)]
    if about.returncode != 0 or not held:
        raise Cannot(f'The {kind} picture cannot be opened: {last_words(about)} Ask for a PNG or a JPEG.')
    if len(held) > MOST_HEIF_PICTURES:
        raise Cannot(f'The file holds {len(held)} pictures, and at most {MOST_HEIF_PICTURES} are opened. Ask for the one that matters.')
    main = next((nth for nth, (_, _, rest) in enumerate(held) if 'primary' in rest), 0)
    width, height, _ = held[main]
    pixels = sum(wide * high for wide, high, _ in held)
    if pixels > MOST_PIXELS:
        raise Cannot(f'The picture has {width} x {height} pixels, and at most {MOST_PIXELS:,} are opened.' if len(held) == 1
                     else f'The {len(held)} pictures of the file have {pixels:,} pixels, and at most {MOST_PIXELS:,} are opened.')
    found['kind'] = f'a picture ({kind}, {width} x {height} pixels)'
    if len(held) > 1:
        found['notes'].append(f'The file holds {len(held)} pictures; the main one is shown.')
    # A JPEG has no transparency.
    is_clear = re.search(r'^\s*alpha channel: yes', facts, re.M) is not None
    ending = 'png' if pixels <= (ALPHA_PIXELS if is_clear else LOSSLESS_PIXELS) else 'jpg'
    folder = base + '.heif'
    os.makedirs(folder, mode=0o700, exist_ok=True)
    try:
        made = bounded('heif-convert', '--quiet', '-q', '95', path, f'{folder}/picture.{ending}')
        one = f'{folder}/picture.{ending}' if len(held) == 1 else f'{folder}/picture-{main + 1}.{ending}'
        if made.returncode != 0 or not os.path.exists(one):
            raise Cannot(f'The {kind} picture cannot be opened: {last_words(made)} Ask for a PNG or a JPEG.')
        converted(one, base, found, (width, height))
    finally:
        shutil.rmtree(folder, ignore_errors=True)

def converted(path, base, found, original):
    from PIL import Image
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(path) as image:
        if image.width * image.height > MOST_PIXELS:
            raise Cannot(f'The picture has {image.width} x {image.height} pixels, and at most {MOST_PIXELS:,} are opened.')
        image.draft('RGB', (EDGE, EDGE))
        image.load()
        # It has been turned already.
        image.info.pop('exif', None)
        image.getexif().clear()
        add_picture(image, base + '.1', found, found['path'], original)

def svg(path, base, found, order, most_pages):
    """A drawing has no size that matters, so it is drawn as large as a model takes it. Its words are read from its text."""
    drawn = base + '.svg.png'
    try:
        made = bounded('rsvg-convert', '--keep-aspect-ratio', '--width', str(EDGE), '--height', str(EDGE), '--background-color', 'white', '--output', drawn, path)
        if made.returncode == 0 and os.path.exists(drawn):
            converted(drawn, base, found, (0, 0))
        else:
            found['notes'].append(f'It cannot be drawn ({last_words(made)}), so this is its text only.')
    except FileNotFoundError:
        found['notes'].append('The image of this sandbox has no rsvg-convert (Debian: librsvg2-bin), which drawings are drawn with, so this is its text only.')
    except subprocess.TimeoutExpired:
        found['notes'].append(f'To draw it takes longer than {SECONDS} s, so this is its text only.')
    finally:
        if os.path.exists(drawn):
            os.remove(drawn)
    text(path, base, found, order, most_pages)
