import { type Command, InvalidArgumentError } from 'commander';
import { createProxyControl } from '../../proxy/control-client.ts';
import { connectionUses } from '../../store/connection-use.ts';
import { listCredentials } from '../../store/credentials.ts';
import { approveTools, knownServers, waitingDefinitions } from '../../store/mcp-servers.ts';
import { currentPolicy } from '../../store/policy.ts';
import { readCallbackAddress, redirectUriOf } from '../../workers/gateway/callback-address.ts';
import { controlSocketOf } from '../ask-proxy.ts';
import { connectionsText, connectionText } from '../connections/connections-text.ts';
import { type ConnectionDescription, describeConnection } from '../connections/describe-connection.ts';
import { discoveryText } from '../connections/discovery-text.ts';
import { serverTestText, testServer } from '../connections/test-server.ts';
import { isGood, testText } from '../connections/test-text.ts';
import { definitionName, waitingText } from '../connections/waiting-tools.ts';
import { type CliContext, openCliContext } from '../context.ts';
import { connectionNamed } from '../credentials/change-credential.ts';
import { shownName } from '../shown-name.ts';

interface TestOptions {
  readonly request?: { readonly method: string; readonly url: string };
  readonly json?: boolean;
}

/**
 * `bellhop connections`: shows, tests and approves what is connected. `test` has the exit code 1 when the service does not
 * answer as it should.
 */
export function register(program: Command): void {
  const connections = program
    .command('connections')
    .description('the connections in force: where they lead, where they are attached, when they were used');
  connections
    .command('list')
    .description('every connection with its credential, last use and last refusal')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: boolean }) => {
      await using context = await openCliContext();
      const all = await describeAll(context);
      console.log(options.json ? JSON.stringify(all, null, 2) : connectionsText(all, new Date()));
    });
  connections
    .command('show')
    .description('one connection with its rules; never its secret')
    .argument('<connection>', 'its name in the access file')
    .option('--json', 'print it as JSON')
    .action(async (name: string, options: { json?: boolean }) => {
      await using context = await openCliContext();
      const [shown] = await describeAll(context, name);
      if (shown) console.log(options.json ? JSON.stringify(shown, null, 2) : connectionText(shown, new Date()));
    });
  registerApprove(connections);
  registerDiscover(connections);
  connections
    .command('test')
    .description(
      'send its test request through the proxy, with its credential, and say what the service answered; an MCP server is asked for its tools',
    )
    .argument('<connection>', 'its name in the access file')
    .option('--request <request>', "another request than the file's: 'GET https://api.acme.test/v1/me'", requestText)
    .option('--json', 'print it as JSON')
    .action(async (name: string, { request, json }: TestOptions) => {
      await using context = await openCliContext();
      const connection = connectionNamed(await currentPolicy(context.database), name);
      const control = createProxyControl({ socketPath: controlSocketOf(context) });
      try {
        if (connection.mcp) {
          const tested = await testServer(control, name, connection.mcp);
          console.log(json ? JSON.stringify(tested, null, 2) : serverTestText(name, tested));
          if (tested.problem !== null) process.exitCode = 1;
          return;
        }
        const answer = await control.testConnection(name, request ?? {});
        console.log(json ? JSON.stringify(answer, null, 2) : testText(name, answer));
        if (!isGood(answer)) process.exitCode = 1;
      } finally {
        await control.close();
      }
    });
}

function registerApprove(connections: Command): void {
  connections
    .command('approve')
    .description(
      'show the tools of an MCP server that are new or changed, or approve some in the definitions that were shown',
    )
    .argument('<connection>', 'its name in the access file; personal/linear-tools for the lists of people')
    .argument('[tools...]', 'as they are shown without them: create_issue@0123456789abcdef')
    .action(async (name: string, tools: string[]) => {
      await using context = await openCliContext();
      const document = await currentPolicy(context.database);
      const offered = document.people?.offers.find(({ connection }) => connection.id === name);
      const { mcp } = offered?.connection ?? connectionNamed(document, name);
      if (!mcp) throw new Error(`${name} is no MCP server`);
      const waiting = await waitingDefinitions(context.database, name);
      if (tools.length === 0) return console.log(waitingText(name, waiting));
      const meant = waiting.filter(
        (each) => tools.includes(definitionName(each)) || tools.includes(shownName(definitionName(each))),
      );
      const approved = await approveTools(
        context.database,
        name,
        meant.map(({ digest }) => digest),
      );
      const done = meant.filter(({ digest }) => approved.includes(digest)).map(definitionName);
      const missing = tools.filter((each) => !done.some((name) => name === each || shownName(name) === each));
      if (done.length > 0) console.log(`Approved from the next turn on: ${done.map(shownName).join(', ')}.`);
      if (missing.length === 0) return;
      console.log(`Not waiting in this definition: ${missing.join(', ')}. See ./bellhop connections approve ${name}.`);
      process.exitCode = 1;
    });
}

function registerDiscover(connections: Command): void {
  connections
    .command('discover')
    .description('ask an MCP server where people grant tokens for it, and print what an offer with oauth needs')
    .argument('<server>', 'an MCP server of the access file: a connection, or the name of an offer')
    .option('--register', 'also register a client there, where the service does that by itself')
    .option('--json', 'print it as JSON')
    .action(async (name: string, { register, json }: { register?: boolean; json?: boolean }) => {
      await using context = await openCliContext();
      const { BELLHOP_CALLBACK_URL, BELLHOP_CALLBACK_LISTEN } = process.env;
      const callback = readCallbackAddress(BELLHOP_CALLBACK_URL, BELLHOP_CALLBACK_LISTEN);
      if (register && !callback)
        throw new Error('--register needs BELLHOP_CALLBACK_URL, the address that browsers are led back to');
      const redirectUri = callback ? redirectUriOf(callback, name) : `<BELLHOP_CALLBACK_URL>/oauth/callback/${name}`;
      const control = createProxyControl({ socketPath: controlSocketOf(context) });
      try {
        const found = await control.discover(name, register ? { redirectUri } : {});
        console.log(json ? JSON.stringify(found, null, 2) : discoveryText(name, found, redirectUri));
      } finally {
        await control.close();
      }
    });
}

async function describeAll({ database }: CliContext, name?: string): Promise<ConnectionDescription[]> {
  const document = await currentPolicy(database);
  const wanted = name === undefined ? document.connections : [connectionNamed(document, name)];
  const stored = await listCredentials(database);
  const uses = await connectionUses(
    database,
    wanted.map(({ id }) => id),
  );
  const servers = await knownServers(
    database,
    wanted.filter(({ mcp }) => mcp).map(({ id }) => id),
  );
  const known = new Map(servers.map((each) => [each.connection, each]));
  return wanted.map((each) => describeConnection(each, document, stored, uses.get(each.id), known.get(each.id)));
}

function requestText(text: string): { method: string; url: string } {
  const [, method, url] = /^([A-Z]{1,20}) +(https:\/\/\S+)$/.exec(text) ?? [];
  if (!method || !url)
    throw new InvalidArgumentError("It must be a method and a URL: 'GET https://api.acme.test/v1/me'.");
  return { method, url };
}
