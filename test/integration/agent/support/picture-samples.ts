/** Pictures, and files that are none, as Python makes them in a sandbox. */
export const PICTURES = String.raw`
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
`;
