import { work } from '../e2e/security/support/work.ts';
import { type MachineRegistries, machineRegistries } from '../support/machine-registries.ts';
import { ADMIN, AGENT, FORGE_URL, type ForgeStage, startForgeStage } from './support/forge-stage.ts';

let stage: ForgeStage;

beforeAll(async () => {
  const { mirrors, caBundles }: MachineRegistries = await machineRegistries();
  stage = await startForgeStage({
    repositories: ['shop', 'secret'],
    // The small image of the tests has no git-lfs.
    access: { organization: { environment: 'lfs' }, environments: { lfs: { packages: ['git-lfs'] } } },
    installation: {
      environment: { BELLHOP_REGISTRY_MIRRORS: JSON.stringify(mirrors) },
      operator: { caBundles, registries: mirrors },
    },
  });
}, 360_000);

afterAll(() => stage?.[Symbol.asyncDispose](), 60_000);

const BATCH = `-H 'accept: application/vnd.git-lfs+json' -H 'content-type: application/vnd.git-lfs+json'`;

test("a large object is pushed to a branch of the agent and comes back whole, by the forge's own LFS server", async () => {
  const { steps } = await work(
    stage.bellhop,
    [
      `git clone -q ${FORGE_URL}/acme/shop.git && cd shop && git lfs track '*.bin'`,
      `cd shop && head -c 5000000 /dev/urandom > large.bin && sha256sum < large.bin > ../sum && git checkout -q -b bellhop/large && git add . && git commit -qm 'Add a large file' && git push origin HEAD`,
      `git clone -q -b bellhop/large ${FORGE_URL}/acme/shop.git again && cd again && git lfs pull && sha256sum < large.bin | diff - ../sum && git cat-file -p HEAD:large.bin`,
    ]
      .map((command) => `$ ${command}`)
      .join('\n'),
    { withinMs: 300_000 },
  );
  expect(steps.map(({ exitCode, output }) => [exitCode, exitCode === 0 ? '' : output])).toEqual([
    [0, ''],
    [0, ''],
    [0, ''],
  ]);
  expect(steps[2]?.output).toContain('version https://git-lfs.github.com/spec/v1');
  const { body } = await stage.gitea.api(ADMIN, 'GET', '/repos/acme/shop/contents/large.bin?ref=bellhop/large');
  expect((body as { size: number }).size).toBeLessThan(200);
}, 360_000);

test('the answer of the LFS server, which repeats the login, reaches the sandbox without it', async () => {
  const object = { oid: '0'.repeat(64), size: 3 };
  const batch = JSON.stringify({ operation: 'upload', transfers: ['basic'], objects: [object] });
  const { steps } = await work(
    stage.bellhop,
    `$ curl -sS -X POST ${BATCH} -d '${batch}' ${FORGE_URL}/acme/shop.git/info/lfs/objects/batch`,
  );
  expect(steps[0]?.output).toContain(object.oid);
  expect(steps[0]?.output).toContain('href');
  expect(steps[0]?.output).not.toMatch(/authorization/i);
  expect(steps[0]?.output).not.toContain(AGENT.password);
  expect(steps[0]?.output).not.toContain(Buffer.from(`${AGENT.name}:${AGENT.password}`).toString('base64'));
}, 90_000);

test('the LFS server of a repository that is not granted is refused', async () => {
  const batch = JSON.stringify({ operation: 'download', objects: [{ oid: '0'.repeat(64), size: 3 }] });
  const { steps } = await work(
    stage.bellhop,
    `$ curl -sS -w '%{http_code}' -X POST ${BATCH} -d '${batch}' ${FORGE_URL}/acme/secret.git/info/lfs/objects/batch`,
  );
  expect(steps[0]?.output).toMatch(/acme\/secret is not granted here[\s\S]*403\s*$/);
}, 90_000);
