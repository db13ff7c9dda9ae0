/** The larger sandbox image. It is built here when it is not there yet, which takes minutes once. */
import { readFile } from 'node:fs/promises';
import { debianMirrors } from '../../../docker/apt-sources.ts';
import { bestImage } from '../../../docker/image-choice.ts';
import { hasSandboxImage, sandboxImageName } from '../../../docker/sandbox-image.ts';
import { createSandboxRuntime } from '../../../docker/sandbox-runtime.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;

beforeAll(async () => {
  fixture = await createFixture({}, 'full');
  sandbox = await fixture.sandbox();
}, 1_800_000);
afterAll(async () => await fixture?.[Symbol.asyncDispose](), 60_000);

const OFFICE = `
import docx, openpyxl, pandas, pptx, pypdf, reportlab.pdfgen.canvas as canvas
pandas.DataFrame({'a': [1, 2]}).to_excel('a.xlsx')
document = docx.Document(); document.add_paragraph('words'); document.save('a.docx')
pptx.Presentation().save('a.pptx')
page = canvas.Canvas('a.pdf'); page.drawString(50, 50, 'on paper'); page.save()
print(openpyxl.load_workbook('a.xlsx').active['B3'].value, docx.Document('a.docx').paragraphs[0].text)
print(len(pypdf.PdfReader('a.pdf').pages))
`;
const GO = 'package main\nimport "fmt"\nfunc main() { fmt.Println("from go") }\n';
const JAVA = 'public class A { public static void main(String[] a) { System.out.println("from java"); } }\n';

/** Each does some work, since a program that only says its version may lack half of itself. */
test.each([
  ['Go', `echo '${GO}' > a.go && go run a.go`, /from go/],
  ['Rust', `echo 'fn main() { println!("from rust"); }' > a.rs && rustc a.rs && ./a`, /from rust/],
  ['cargo', 'cargo init -q c && cd c && cargo run -q && cargo clippy -q && cargo fmt --check', /Hello, world/],
  ['a JDK', `echo '${JAVA}' > A.java && javac A.java && java A`, /from java/],
  ['Maven', 'mvn --version', /Apache Maven 3/],
  ['Ruby', `ruby -rjson -e 'puts JSON.generate(from: "ruby")' && gem --version && bundle --version`, /"from":"ruby"/],
  [
    'PHP',
    `php -r 'echo json_encode(["from" => "php"]), mb_strlen("ä"), class_exists("ZipArchive");'`,
    /"from":"php"}11/,
  ],
  ['composer', 'composer --version', /Composer version 2/],
  ['uv', 'uv venv -q v && v/bin/python --version', /Python 3\.11/],
  ['pnpm', 'pnpm --version', /^10\./],
  ['yarn', 'yarn --version && corepack --version', /^1\.22/],
  ['gh', 'gh --version', /gh version 2/],
  ['git-lfs', 'git lfs version', /git-lfs\/3/],
  ['psql', 'psql --version', /psql \(PostgreSQL\)/],
  ['sqlite3', 'sqlite3 a.db "create table t (x); insert into t values (7); select x from t"', /^7\n/],
  ['wget', 'wget --version', /GNU Wget/],
  [
    "Python's libraries for documents, and poppler",
    `echo "${OFFICE}" > a.py && python3 a.py && pdftotext a.pdf -`,
    /2 words\n1\non paper/,
  ],
])(
  'it has %s',
  async (_name, command, expected) => {
    const result = await sandbox.run(command, { timeoutMs: 120_000 });
    expect(result.output).toMatch(expected);
    expect(result.exitCode).toBe(0);
  },
  130_000,
);

test('nothing of the machine that built it is in it: no mirror, no certificates, no cache', async () => {
  const { output } = await sandbox.run(
    'grep -rhE "^[^#]" /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d 2>/dev/null | grep -iE "http|proxy|CaInfo"; ls -A /build /var/lib/apt/lists /root 2>&1',
  );
  expect(output).toMatch(/^ls: cannot access '\/build'/);
  expect(output).not.toMatch(/http|proxy/i);
  const { docker } = fixture.engine;
  const image = docker.getImage(fixture.image);
  const said = JSON.stringify([await image.history(), await image.inspect()]);
  const sources = await readFile('/etc/apt/sources.list', 'utf8').catch(() => '');
  const mirrors = Object.values(debianMirrors([sources]) ?? {}).filter((uri) => uri !== null);
  for (const uri of mirrors) expect(said).not.toContain(uri);
});

test('a new sandbox gets the larger image as soon as it is there; one at work keeps what it has', async () => {
  const { engine, installation, runDir } = fixture;
  expect(await hasSandboxImage(engine, 'full')).toBe(true);
  const base = await sandboxImageName(engine, 'base');
  const choose = await bestImage(engine, 'full');
  // As the choice was before the larger image was there.
  const early = createSandboxRuntime({ engine, installation, runDir, image: base });
  const late = createSandboxRuntime({ engine, installation, runDir, image: choose });
  const spec = { ...sandbox.spec, id: 'early1', session: 'slack:T1:C1:early' };
  await early.provision(spec);
  expect(await late.provision(spec)).toMatchObject({ created: false });
  await late.remove(spec.id);
  expect(await late.provision(spec)).toMatchObject({ created: true });
  const step = { uid: spec.agentUid, step: 'late/1', turn: 1, command: 'go version', timeoutMs: 20_000 };
  expect(await late.runStep(spec.id, step)).toMatchObject({ exitCode: 0 });
}, 120_000);

test('where only the base is wished for, it is the base', async () => {
  const choose = await bestImage(fixture.engine, 'base');
  expect((await choose()).image).toBe(await sandboxImageName(fixture.engine, 'base'));
});
