import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { findRegistries, NPM_PACKAGE, PYTHON_PACKAGE, type Registries } from './support/registries.ts';
import { type Worked, work } from './support/work.ts';

/** By configuration alone: whatever registries this machine uses, at whatever addresses, behind whatever authority. */
let registries: Registries;
let bellhop: Installation;
let asked: Worked;

beforeAll(async () => {
  registries = await findRegistries();
  bellhop = await startInstallation();
  await bellhop.apply(accessFile(registries));
}, 180_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

test('an address that is not public is out of reach while only the rule allows it', async () => {
  asked = await work(
    bellhop,
    registries.hosts.map(({ host, port }) => `$ curl -sS https://${host}:${port}/`).join('\n'),
  );
  for (const [index, { host, special }] of registries.hosts.entries()) {
    const output = asked.steps[index]?.output ?? '';
    const refused = /"code":"address_denied"/.test(output) && output.includes('operator ceiling');
    expect({ host, refused }).toEqual({ host, refused: special });
  }
}, 60_000);

test('npm and pip work with the real registries once the operator allows their addresses too', async () => {
  const special = registries.hosts.filter((each) => each.special);
  await bellhop.operate({
    ceilings: special.flatMap(({ addresses, port }) =>
      addresses.map((address) => ({ range: rangeOf(address), ports: [port] })),
    ),
    caBundles: registries.caBundles,
  });
  const { npm, index } = registries;
  const script = [
    `$ npm view --registry ${npm} ${NPM_PACKAGE} name`,
    `$ npm install --no-audit --registry ${npm} ${NPM_PACKAGE} && node -p 'require("${NPM_PACKAGE}")("x", 3)'`,
    `$ pip download --no-deps --dest got --index-url ${index} ${PYTHON_PACKAGE} && ls got`,
  ];
  const { steps } = await work(bellhop, script.join('\n'), { after: asked, withinMs: 90_000 });
  expect(steps).toMatchObject([
    { exitCode: 0, output: expect.stringContaining(NPM_PACKAGE) },
    { exitCode: 0, output: expect.stringContaining('  x') },
    { exitCode: 0, output: expect.stringMatching(new RegExp(`${PYTHON_PACKAGE}-[0-9.]+.*whl`)) },
  ]);
}, 120_000);

function accessFile({ hosts }: Registries): string {
  const domains = hosts.map(({ host, port, addresses, special }) => ({
    host,
    port,
    methods: 'read',
    ...(special ? { addresses: addresses.map((address) => `${rangeOf(address)}:${port}`) } : {}),
  }));
  // JSON is YAML.
  return JSON.stringify({ organization: { bundles: ['registries'] }, bundles: { registries: { domains } } });
}

function rangeOf(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}
