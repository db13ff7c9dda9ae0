/**
 * The clients of packages, in a real sandbox, through the real proxy, against the registries of this machine. Each makes a small and a
 * larger install with the verification of its own, and nothing is tried twice.
 */

import { REGISTRY_NAMES, type RegistryName } from '../../../contracts/registries.ts';
import { publicHost } from '../../../contracts/registry-hosts.ts';
import { connectEngine } from '../../../docker/engine.ts';
import { ensureSandboxImage } from '../../../docker/sandbox-image.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { type MachineRegistries, machineRegistries } from '../../support/machine-registries.ts';
import { startTeamRegistry, type TeamRegistry } from '../../support/team-registry/team-registry.ts';
import { until } from '../../support/until.ts';
import { type Ran, run } from '../security/support/work.ts';

let registries: MachineRegistries;
/** Of gems and of Composer's packages, which a team may have of its own. No network of a test is sure to reach the public ones. */
let team: TeamRegistry;
let bellhop: Installation;
/** All in one thread of its channel, so that one sandbox serves them all. */
const last = new Map<string, Ran>();

beforeAll(async () => {
  const engine = await connectEngine({ env: process.env });
  const [found, { name: image }] = await Promise.all([
    machineRegistries(),
    ensureSandboxImage({ engine, tools: 'full' }),
  ]);
  registries = found;
  team = await startTeamRegistry(image);
  const gems = { url: `${team.url}/gems/`, also: [], addresses: [{ range: '127.0.0.1/32', port: team.port }] };
  const mirrors = { ...found.mirrors, rubygems: gems };
  bellhop = await startInstallation({
    environment: { BELLHOP_SANDBOX_TOOLS: 'full', BELLHOP_REGISTRY_MIRRORS: JSON.stringify(mirrors) },
    operator: {
      caBundles: [...found.caBundles, team.authority],
      registries: mirrors,
      hosts: { [team.host]: '127.0.0.1' },
      ceilings: [{ range: '127.0.0.1/32', ports: [team.port] }],
    },
  });
  await bellhop.apply(accessFile());
}, 1_800_000);
afterAll(async () => {
  await bellhop?.[Symbol.asyncDispose]();
  await team?.[Symbol.asyncDispose]();
}, 60_000);

const GRADLE_CHANNEL = '#secops';

/** JSON is YAML. */
function accessFile(): string {
  return JSON.stringify({
    organization: { bundles: ['registries', 'composer'] },
    channels: { [GRADLE_CHANNEL]: { environment: 'test-gradle' } },
    bundles: {
      registries: { registries: REGISTRY_NAMES },
      // Composer has no registry that a bundle can name: what it lists is spread over the servers of its authors.
      composer: {
        domains: [
          {
            host: team.host,
            port: team.port,
            methods: 'read',
            paths: ['/composer'],
            addresses: [`127.0.0.1/32:${team.port}`],
          },
        ],
      },
    },
    environments: { 'test-gradle': { packages: ['gradle'] } },
  });
}

/** @param command in which TEAM stands for the URL of the team's registry */
async function inSandbox(command: string, channel = '#platform-eng'): Promise<Ran> {
  const after = last.get(channel);
  const ran = await run(bellhop, command.replaceAll('TEAM', team.url), {
    channel,
    ...(after && { after }),
    withinMs: 580_000,
  });
  last.set(channel, ran);
  return ran;
}

/** Waits until every request of a turn has its event in the database. Without a request there is nothing to judge. */
async function recorded({ session, turn }: Ran): Promise<void> {
  await until(
    async () => {
      const { rows } = await bellhop.database.query<{ counted: number; recorded: number }>(
        `select injected + forwarded + blocked as counted,
           (select coalesce(sum(requests), 0)::int from egress_event e where e.session = t.session and e.turn = t.number) as recorded
         from turn t where session = $1 and number = $2`,
        [session, turn],
      );
      return rows[0] !== undefined && rows[0].counted > 0 && rows[0].recorded >= rows[0].counted;
    },
    'the events of a turn',
    30_000,
  );
}

/** Every request of a turn that was refused, or failed on the way. What a registry itself does not have is its own answer. */
async function troubleIn(ran: Ran): Promise<unknown[]> {
  await recorded(ran);
  const { session, turn } = ran;
  const { rows } = await bellhop.database.query(
    `select method, host, path, outcome, code, status from egress_event
     where session = $1 and turn = $2 and (outcome = 'blocked' or status >= 500 or status in (407, 429))`,
    [session, turn],
  );
  return rows;
}

const [NPM_HOST, PYPI_HOST, MAVEN_HOST] = [publicHost('npm'), publicHost('pypi'), publicHost('maven', 1)];

interface Install {
  readonly client: string;
  /** `team`: its packages come from the team's own registry. */
  readonly registry: RegistryName | 'team';
  readonly small: string;
  readonly large: string;
  /** @default '#platform-eng' */
  readonly channel?: string;
}

const NODE_LARGE = 'express@4 eslint@9 webpack@5';
const RUST = (dependencies: string) => `cargo init -q --name x . && cargo add -q ${dependencies}`;
const POM = (dependency: string) => {
  const [group, artifact, version] = dependency.split(':');
  const wanted = `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  const properties =
    '<maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target>';
  return `echo '<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version><properties>${properties}</properties><dependencies>${wanted}</dependencies></project>' > pom.xml`;
};

const GRADLE = (...dependencies: string[]) =>
  [
    `printf '%s\\n' "apply plugin: 'java'" 'repositories { mavenCentral() }' 'dependencies {' ${dependencies.map((each) => `"    compile '${each}'"`).join(' ')} '}'`,
    `"task names { doLast { println configurations.compileClasspath.files.collect { it.name }.sort().join(' ') } }" > build.gradle`,
    '&& gradle --no-daemon -q names',
  ].join(' ');
const GEMFILE = (...gems: string[]) =>
  `printf '%s\\n' 'source "https://${publicHost('rubygems')}"' ${gems.map((each) => `'gem "${each}"'`).join(' ')} > Gemfile`;
const COMPOSER = (...packages: string[]) =>
  `echo '{"repositories":[{"type":"composer","url":"TEAM/composer"},{"packagist":false}]}' > composer.json && composer require --no-interaction ${packages.join(' ')}`;

const INSTALLS: readonly Install[] = [
  {
    client: 'pip',
    registry: 'pypi',
    small:
      'python3 -m venv v && v/bin/pip install -q --retries 0 six && v/bin/python -c "import six; print(six.__name__)"',
    large:
      'python3 -m venv v && v/bin/pip install -q --retries 0 django numpy sqlalchemy && v/bin/python -c "import django, numpy, sqlalchemy"',
  },
  {
    client: 'uv',
    registry: 'pypi',
    small: 'uv venv -q && uv pip install -q six && .venv/bin/python -c "import six"',
    large: 'uv venv -q && uv pip install -q django numpy sqlalchemy && .venv/bin/python -c "import django, numpy"',
  },
  {
    client: 'npm',
    registry: 'npm',
    small: `npm install --no-audit --fetch-retries 0 left-pad && node -p 'require("left-pad")("x", 3)'`,
    large: `npm install --no-audit --fetch-retries 0 ${NODE_LARGE} && node -p 'require("express").name'`,
  },
  {
    client: 'pnpm',
    registry: 'npm',
    small: `pnpm add --fetch-retries 0 left-pad && node -p 'require("left-pad")("x", 3)'`,
    large: `pnpm add --fetch-retries 0 ${NODE_LARGE} && node -p 'require("express").name'`,
  },
  {
    client: 'yarn 1',
    registry: 'npm',
    small: `yarn add left-pad && node -p 'require("left-pad")("x", 3)'`,
    large: `yarn add --ignore-engines ${NODE_LARGE} && node -p 'require("express").name'`,
  },
  {
    client: 'yarn 4',
    registry: 'npm',
    small: 'echo {} > package.json && touch yarn.lock && corepack yarn@4.18.1 add left-pad',
    large: `echo {} > package.json && touch yarn.lock && corepack yarn@4.18.1 add ${NODE_LARGE.replaceAll('@', '@^')}`,
  },
  {
    client: 'cargo',
    registry: 'crates',
    small: `${RUST('itoa')} && cargo build -q`,
    large: `${RUST('tokio --features tokio/full')} && cargo add -q serde regex clap axum && CARGO_NET_RETRY=0 cargo fetch`,
  },
  {
    client: 'go',
    registry: 'go',
    small: 'go mod init x && go get rsc.io/quote@v1.5.2',
    large: 'go mod init x && go get github.com/gin-gonic/gin@v1.10.0 k8s.io/apimachinery@v0.31.0',
  },
  {
    client: 'mvn',
    registry: 'maven',
    small: `${POM('commons-io:commons-io:2.16.1')} && mvn -B -q dependency:resolve`,
    large: `${POM('org.springframework.boot:spring-boot-starter-web:3.3.0')} && mvn -B -q compile dependency:resolve`,
  },
  {
    client: 'gradle',
    registry: 'maven',
    channel: GRADLE_CHANNEL,
    small: `${GRADLE('commons-io:commons-io:2.16.1')} | grep commons-io-2.16.1.jar`,
    large: `${GRADLE('org.springframework.boot:spring-boot-starter-web:2.7.18')} | grep 'spring-core-.*tomcat-embed-core-'`,
  },
  {
    client: 'gem',
    registry: 'team',
    small: 'gem install --no-document rake',
    large: `gem install --no-document $(gem list --remote --no-versions -q) && gem list --local`,
  },
  {
    client: 'bundler',
    registry: 'team',
    small: `${GEMFILE('rake')} && bundle install && bundle exec rake --version`,
    large: `${GEMFILE('test-unit', 'rss', 'minitest', 'matrix')} && bundle config set --local path vendor && bundle install && bundle exec ruby -e 'require "rss"; require "power_assert"'`,
  },
  {
    client: 'composer',
    registry: 'team',
    small: `${COMPOSER('psr/log')} && php -r 'require "vendor/autoload.php"; echo Psr\\Log\\LogLevel::ERROR;'`,
    large: `${COMPOSER('composer/composer')} && php -r 'require "vendor/autoload.php"; new Symfony\\Component\\Finder\\Finder(); new Seld\\JsonLint\\JsonParser();' && composer show --name-only | wc -l | grep -w 11`,
  },
];

describe.each(INSTALLS)('$client', ({ client, registry, small, large, channel }) => {
  test.each([
    ['small', small],
    ['larger', large],
  ])(
    'makes a %s install, with no request refused or failed',
    async (size, command) => {
      const folder = `${client.replace(' ', '')}-${size}`;
      if (registry !== 'team' && !registries.served.has(registry)) {
        // Loud, and no way to pass with a mistake: what cannot be reached has to be refused.
        console.warn(`NOT TRIED: ${client}, because this network has no ${registry}`);
        const refused = await inSandbox(`mkdir ${folder} && cd ${folder} && ${command}`, channel);
        expect(refused.exitCode).not.toBe(0);
        return;
      }
      const ran = await inSandbox(`mkdir ${folder} && cd ${folder} && ${command}`, channel);
      if (ran.exitCode !== 0) throw new Error(`${client}, ${size}: ${ran.exitCode}\n${ran.output.slice(-3_000)}`);
      expect(await troubleIn(ran)).toEqual([]);
    },
    600_000,
  );
});

test('each gem came from the team registry, checked against its authority', async () => {
  const { rows } = await bellhop.database.query<{ path: string }>(
    `select distinct path from egress_event where host = $1 and outcome = 'forwarded' and status = 200 and path like '/gems/gems/%'`,
    [team.host],
  );
  expect(rows.length).toBe(team.gems.length);
  expect(rows.length).toBeGreaterThan(8);
});

test.each([
  [
    'gem',
    'team',
    `printf 'Gem::Specification.new("bellhop-upload-test", "1.0.0") { |s| s.authors = s.summary = "x"; s.files = ["package.json"] }' > x.gemspec && gem build -q x.gemspec && HOME=$PWD && mkdir .gem && printf -- '---\\n:rubygems_api_key: x\\n' > .gem/credentials && chmod 600 .gem/credentials && gem push --host TEAM/gems bellhop-upload-test-1.0.0.gem`,
    'packages.acme.test',
  ],
  ['curl', 'composer', `curl -sS --fail-with-body -T package.json TEAM/composer/dist/x.zip`, 'packages.acme.test'],
  ['npm', 'npm', `npm publish --registry https://${NPM_HOST}/ --//${NPM_HOST}/:_authToken=x`, NPM_HOST],
  // The index says where to publish.
  ['cargo', 'crates', 'git init -q . ; cargo publish --allow-dirty --no-verify --token x', null],
  [
    'curl',
    'pypi',
    `curl -sS --fail-with-body -F content=@package.json https://upload.${PYPI_HOST}/legacy/`,
    `upload.${PYPI_HOST}`,
  ],
  ['curl', 'pypi', `curl -sS --fail-with-body -F content=@package.json https://${PYPI_HOST}/simple/`, PYPI_HOST],
  ['curl', 'maven', `curl -sS --fail-with-body -T package.json https://${MAVEN_HOST}/maven2/x/x/1/x.jar`, MAVEN_HOST],
] as const)(
  '%s uploads nothing to %s',
  async (client, registry, command, host) => {
    const files = `echo '{"name":"bellhop-upload-test","version":"1.0.0"}' > package.json; cargo init -q --name bellhop-upload-test . ; sed -i 's/edition.*/&\\nlicense = "MIT"\\ndescription = "x"/' Cargo.toml`;
    const ran = await inSandbox(`rm -rf up && mkdir up && cd up && (${files}) && ${command}`);
    expect(ran.exitCode).not.toBe(0);
    await recorded(ran);
    const { rows } = await bellhop.database.query<{ outcome: string; method: string }>(
      `select outcome, method from egress_event
       where session = $1 and turn = $2 and host = coalesce($3, host) and method not in ('GET', 'HEAD')`,
      [ran.session, ran.turn, host],
    );
    if (rows.length === 0) {
      const why = `${client} gave up before it sent anything to ${host ?? registry}`;
      // Without an index Cargo does not know where to publish.
      if (host !== null || registries.served.has(registry)) throw new Error(`${why}:\n${ran.output}`);
      console.warn(why);
    }
    expect(rows.every(({ outcome }) => outcome === 'blocked')).toBe(true);
    expect(ran.output).not.toMatch(/^\s*(?:\+ bellhop-upload-test|published|uploaded)/im);
  },
  120_000,
);

test('nobody has switched verification off: no variable and no file of the sandbox says so', async () => {
  const off =
    'strict-ssl *= *(false|0)|TLS_REJECT_UNAUTHORIZED|GOINSECURE|GONOSUMDB|GONOSUMCHECK|GOSUMDB=off|GOFLAGS=.*insecure|trusted-host|TRUSTED_HOST|SSL_NO_VERIFY|sslverify *= *(false|0)|ssl\\.insecure|allowall|enableStrictSsl: *false|check-revoke *= *false|INSECURE_HOST|verify_mode.*NONE|disable-tls|"secure-http": *false';
  const files =
    '/etc/npmrc /etc/pip.conf /etc/gemrc /etc/maven /.cargo /etc/gitconfig /usr/local/lib/bellhop/gitconfig /usr/local/etc /run/bellhop ~/.npmrc ~/.config ~/.cargo/config.toml ~/.gemrc ~/.m2/settings.xml ~/.yarnrc ~/.yarnrc.yml';
  const ran = await inSandbox(`env | grep -iE '${off}'; grep -rsiE '${off}' ${files}; echo looked`);
  expect(ran.output).toBe('looked\n');
  // A server whose certificate nobody has signed is refused by each, for that reason.
  const server =
    'import http.server, ssl; s = http.server.HTTPServer(("127.0.0.1", 8443), http.server.SimpleHTTPRequestHandler); ' +
    'c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain("c.pem", "k.pem"); ' +
    's.socket = c.wrap_socket(s.socket, server_side=True); s.serve_forever()';
  const start = [
    'mkdir -p /tmp/v && cd /tmp/v',
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout k.pem -out c.pem -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2> /dev/null',
    `(python3 -c '${server}' > /dev/null 2>&1 &)`,
    'curl -sS -k -4 --retry 20 --retry-connrefused --retry-delay 1 -o /dev/null https://localhost:8443/',
  ].join(' && ');
  const url = 'https://localhost:8443';
  const clients = [
    `curl -sS ${url}/`,
    `pip download --no-cache-dir --retries 0 --no-deps --index-url ${url}/simple/ six`,
    `uv pip install --no-cache --target t --index-url ${url}/simple/ six`,
    `npm view --cache n --fetch-retries 0 --registry ${url}/ left-pad name`,
    `GOPROXY=${url} GOMODCACHE=/tmp/v/g go mod download golang.org/x/text@v0.14.0`,
    `CARGO_HOME=/tmp/v/c CARGO_NET_RETRY=0 cargo search --index sparse+${url}/ itoa`,
    `gem install --clear-sources --source ${url}/ rexml`,
    `(echo '{"repositories":[{"type":"composer","url":"${url}"},{"packagist":false}]}' > composer.json; composer require --no-interaction psr/log)`,
  ];
  for (const command of clients) {
    const { exitCode, output } = await inSandbox(`${start} && ${command}`);
    if (exitCode === 0) throw new Error(`${command} believed a certificate that nobody signed:\n${output}`);
    expect(output).toMatch(/certificate|self.signed|x509|unknown ?issuer/i);
  }
}, 120_000);
