/** Documents, as Python makes them in a sandbox. */
export const DOCUMENTS = String.raw`
import zipfile
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
