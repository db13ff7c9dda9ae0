import { PRESETS } from '../../access/presets/apply-preset.ts';
import type { Preset } from '../../access/presets/preset.ts';

/** What the access file of a new workspace says. `presets` are the services that it should reach; `file` is its own path. */
export function newFileText(file: string, presets: readonly string[]): string {
  return presets.length === 0
    ? `${head(file)}${SCOPES}${EXAMPLES}`
    : `${head(file)}${scopesWith(presets)}${connections(presets)}${LATER}`;
}

const head = (file: string): string => `# What the agent may reach, and from where. What is not named here is blocked.
#
#   ./bellhop plan ${file}
#       checks this file and says whose reach would grow
#   ./bellhop apply ${file}
#       puts it in force, all of it or nothing
#   ./bellhop presets
#       services that are known already
#
# No secret stands here. A credential names where you keep it: fromEnv, fromFile or fromCommand.

`;

const SCOPES = `organization: # every channel of every workspace
  bundles: []
  instructions: Answer in two sentences unless asked for more.

channels: {}
#  "#platform-eng": # this channel also reaches what its bundles say; quotes, because # begins a comment
#    bundles: [acme-data]
#  "#random":
#    enabled: false # one notice, and nothing is done

`;

const EXAMPLES = `bundles: {}
#  web: # reached without a credential
#    domains:
#      - docs.python.org
#      - { host: "*.wikipedia.org", methods: read }
#  acme-data:
#    connections: [acme-api]
#    instructions: "Signups: GET https://api.acme.example/v1/signups"

connections: {}
#  acme-api: # reached with a credential, which the sandbox never sees
#    host: api.acme.example
#    methods: read # or a list: [GET, POST]
#    paths: [/v1]
#    credential: { kind: bearer, fromEnv: ACME_TOKEN }

guardrails: {} # what nobody may do, whatever is allowed above
#  no-deletes: { host: "*", methods: [DELETE], reason: Nothing is deleted by an agent. }
`;

const LATER = `
guardrails: {} # what nobody may do, whatever is allowed above
#  no-deletes: { host: "*", methods: [DELETE], reason: Nothing is deleted by an agent. }
`;

function scopesWith(presets: readonly string[]): string {
  return `organization: # every channel of every workspace
  bundles: [] # [services] here would give it to all of them
  instructions: Answer in two sentences unless asked for more.

channels: {} # put a channel of yours here
#  "#platform-eng":
#    bundles: [services]

bundles:
  services:
    connections: [${presets.join(', ')}]

`;
}

function connections(presets: readonly string[]): string {
  return `connections:\n${presets.map((name) => connection(name, PRESETS[name] as Preset)).join('\n')}`;
}

function connection(name: string, preset: Preset): string {
  const fields = Object.entries(preset.fields).map(
    ([field, { about, example }]) => `    ${field}: ${example} # ${about}\n`,
  );
  const notes = preset.notes.map((note) => `    # ${note}\n`);
  return [
    `  ${name}: # ${preset.title}, ${preset.documentation}\n`,
    ...notes,
    `    preset: ${name}\n`,
    ...fields,
    `    credential: ${credential(name, preset.credentials[0].kind)}\n`,
  ].join('');
}

/** What a kind needs beside its secret, with values to be replaced. */
const OWN_FIELDS: Readonly<Record<string, string>> = {
  'github-app': ', app-id: 12345, installation-id: 67890',
  'oauth-client': ', client-id: your-client-id',
};

/** Secrets of several lines come from files. */
const FILES: Readonly<Record<string, string>> = {
  'github-app': 'pem',
  gcp: 'json',
  headers: 'json',
  'aws-sigv4': 'json',
};

function credential(name: string, kind: string): string {
  const ending = FILES[kind];
  const source = ending ? `fromFile: ${name}.${ending}` : `fromEnv: ${name.toUpperCase().replaceAll('-', '_')}_SECRET`;
  return `{ kind: ${kind}${OWN_FIELDS[kind] ?? ''}, ${source} }`;
}
