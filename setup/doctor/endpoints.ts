import type { AccessDocument } from '../../access/document.ts';
import type { Settings } from '../settings.ts';

/** One address that a network team opens. All connections go out; nothing comes in. */
export interface Endpoint {
  /** `host:port`. */
  readonly to: string;
  /** The process that connects. */
  readonly from: string;
  readonly purpose: string;
}

export interface EndpointSources {
  readonly settings: Settings;
  /** Temporal of someone else's, `host:port`. */
  readonly temporal: string | undefined;
  /** Of the HTTP proxy by which Bellhop's own processes go out, when one is set. The Agent Proxy never uses it. */
  readonly wayOut: string | undefined;
  /** DOCKER_HOST, when it is set. */
  readonly dockerHost: string | undefined;
  readonly access: AccessDocument;
  /** What set-up fetches from, as this machine's tools are configured. */
  readonly fetching: readonly Endpoint[];
}

/** Every address outside this machine that this configuration connects to. What is embedded or simulated needs none. */
export function endpointsOf({ settings, temporal, wayOut, dockerHost, access, fetching }: EndpointSources): Endpoint[] {
  const found = [
    ...(wayOut ? [endpoint(wayOut, 'gateway, agent worker, set-up', 'the way to the others that these name')] : []),
    ...slackEndpoints(settings),
    ...(settings.model
      ? [endpoint(settings.model.baseUrl ?? 'https://api.anthropic.com', 'agent worker', 'the model')]
      : []),
    ...(access.models ?? []).map(({ name, baseUrl }) => endpoint(baseUrl, 'agent worker', `the model ${name}`)),
    ...(temporal ? [{ to: temporal, from: 'gateway, agent worker, runner', purpose: 'Temporal' }] : []),
    ...(settings.databaseUrl ? [endpoint(settings.databaseUrl, 'all processes', 'PostgreSQL')] : []),
    ...(dockerHost?.startsWith('tcp:') ? [endpoint(dockerHost, 'runner', 'Docker Engine')] : []),
    ...accessEndpoints(access),
    ...fetching,
  ];
  return found.filter(({ to }) => !/^(127\.|localhost|\[::1\])/.test(to));
}

/** As slack/api/slack-hosts.ts takes them. */
const FILE_HOSTS = ['files.slack.com', 'slack-files.com', 'files-origin.slack.com'];

/** https://docs.slack.dev/apis/events-api/using-socket-mode: the socket's host is told at run time. */
function slackEndpoints({ slack }: Settings): Endpoint[] {
  if (!slack) return [];
  if (slack.apiUrl) return [endpoint(slack.apiUrl, 'gateway', 'Slack')];
  return [
    { to: 'slack.com:443', from: 'gateway', purpose: 'Web API' },
    { to: 'wss-primary.slack.com:443', from: 'gateway', purpose: 'Socket Mode (WebSocket)' },
    { to: 'wss-backup.slack.com:443', from: 'gateway', purpose: 'Socket Mode (WebSocket)' },
    ...FILE_HOSTS.map((host) => ({ to: `${host}:443`, from: 'gateway', purpose: 'files both ways' })),
  ];
}

function accessEndpoints({ version, connections, bundles }: AccessDocument): Endpoint[] {
  const reachable = connections.flatMap(({ rules }) => rules.filter(({ action }) => action !== 'deny'));
  const rules = [...reachable, ...bundles.flatMap((bundle) => bundle.domains)];
  // A rule for an address on this machine is the demo's or an operator's own service.
  const outside = rules.filter(({ addresses }) => !addresses.some(({ range }) => range.startsWith('127.')));
  const targets = new Set(outside.map(({ host, port }) => `${host}:${port}`));
  const purpose = `what sandboxes may reach (access file, version ${version})`;
  return [...targets].sort().map((to) => ({ to, from: 'proxy', purpose }));
}

function endpoint(url: string, from: string, purpose: string): Endpoint {
  const { hostname, port, protocol } = new URL(url);
  return { to: `${hostname}:${port || (USUAL_PORT[protocol] ?? '443')}`, from, purpose };
}

const USUAL_PORT: Readonly<Record<string, string>> = {
  'postgres:': '5432',
  'postgresql:': '5432',
  'http:': '80',
  'tcp:': '2375',
};
