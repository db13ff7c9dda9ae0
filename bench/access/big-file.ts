/** A large installation's access file, and its channels. */

export interface BigFile {
  readonly text: string;
  readonly channels: readonly { readonly team: string; readonly id: string; readonly name: string }[];
  /** Hosts that rules of the file are for. */
  readonly hosts: readonly string[];
}

export interface BigFileOptions {
  readonly channels: number;
  readonly bundles: number;
  /** Methods of the connection that every channel has. Another text here changes what every channel reaches. */
  readonly everywhere?: string;
}

const TEAM = 'T0BIG';
const BUNDLES_OF_CHANNEL = 6;
const BUNDLES_OF_ORGANIZATION = 10;

/**
 * Each bundle has a connection with three rules and five domain entries, one of them a wildcard. The first bundles belong to
 * the organization, and each channel has six of the others.
 */
export function bigFile({ channels, bundles, everywhere = 'read' }: BigFileOptions): BigFile {
  const numbers = Array.from({ length: bundles }, (_, index) => index);
  const ids = Array.from({ length: channels }, (_, index) => index);
  const own = bundles - BUNDLES_OF_ORGANIZATION;
  const bundlesOf = (channel: number) =>
    Array.from(
      { length: BUNDLES_OF_CHANNEL },
      (_, index) => BUNDLES_OF_ORGANIZATION + ((channel * 7 + index * 83) % own),
    );
  const text = [
    'organization:',
    `  bundles: [${numbers
      .slice(0, BUNDLES_OF_ORGANIZATION)
      .map((number) => `b${number}`)
      .join(', ')}]`,
    'workspace: { id: T0BIG }',
    'channels:',
    ...ids.map(
      (id) =>
        `  "#channel-${id}": { bundles: [${[...new Set(bundlesOf(id))].map((number) => `b${number}`).join(', ')}] }`,
    ),
    'bundles:',
    ...numbers.flatMap((number) => [
      `  b${number}:`,
      `    connections: [c${number}]`,
      '    domains:',
      ...Array.from({ length: 4 }, (_, index) => `      - { host: d${index}.s${number}.bench.test, methods: read }`),
      `      - "*.w${number}.bench.test"`,
    ]),
    'connections:',
    ...numbers.flatMap((number) => [
      `  c${number}:`,
      '    rules:',
      `      - { deny: api.s${number}.bench.test, paths: [/v1/export] }`,
      `      - { inject: api.s${number}.bench.test, methods: ${number === 0 ? everywhere : 'read'}, paths: [/v1] }`,
      `      - { inject: api.s${number}.bench.test, methods: [POST], paths: [/v1/notes] }`,
      '    credential: { kind: bearer, fromEnv: BENCH_TOKEN }',
    ]),
    'guardrails:',
    '  no-deletes: { host: "*", methods: [DELETE], reason: Nothing is deleted by an agent. }',
    'tests:',
    '  - { from: "#channel-1", request: GET https://api.s0.bench.test/v1/x, expect: injected by c0 }',
    '',
  ].join('\n');
  return {
    text,
    channels: ids.map((id) => ({ team: TEAM, id: `C${String(id).padStart(8, '0')}`, name: `channel-${id}` })),
    hosts: numbers.flatMap((number) => [
      `api.s${number}.bench.test`,
      `d1.s${number}.bench.test`,
      `x.w${number}.bench.test`,
    ]),
  };
}
