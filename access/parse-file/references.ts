import type { AccessFile } from '../access-file.ts';
import { matchesHost } from '../host-name.ts';
import { didYouMean } from '../near-names.ts';
import { requestOfUrl } from '../request-of-url.ts';
import { type FilePath, type FileProblem, fieldOf } from './problem.ts';
import { isMapping, type Root } from './read-root.ts';
import type { YamlText } from './read-yaml.ts';
import { scopePaths } from './scope-paths.ts';

/**
 * Finds names of bundles, connections, MCP servers and environments that do not exist, and names that are listed twice. It looks at the text as it
 * was written, also at entries that could not be read, so that another mistake in an entry hides none of these.
 */
export function referenceProblems(root: Root, text: YamlText): FileProblem[] {
  const bundles = new Set(Object.keys(mappingOf(root.bundles)));
  const connections = new Set(Object.keys(mappingOf(root.connections)));
  const offers = offeredNames(root);
  const scopes: [FilePath, unknown][] = [
    [['organization'], root.organization],
    [['workspace'], root.workspace],
    ...entries('workspaces', root.workspaces),
    ...entries('channels', root.channels),
  ];
  const servers = entries('connections', root.connections).filter(([, each]) => mappingOf(each).kind === 'mcp');
  const { offer } = mappingOf(root.people);
  const offered = (Array.isArray(offer) ? offer : []).flatMap((each: unknown) => {
    const { mcp } = mappingOf(each);
    return typeof mcp === 'string' ? [mcp] : [];
  });
  const started = entries('bundles', root.bundles).flatMap(([path, bundle]) =>
    Object.keys(mappingOf(mappingOf(bundle).servers)).map((id) => ({ id, path: [...path, 'servers', id] })),
  );
  const environments = Object.keys(mappingOf(root.environments));
  const models = Object.keys(mappingOf(root.models));
  return [
    ...modelProblems(),
    ...scopes.flatMap(([path, scope]) => unknownNames([...path, 'personal'], mappingOf(scope).personal, offers, text)),
    ...scopes.flatMap(([path, scope]) => unknownEnvironment([...path, 'environment'], mappingOf(scope).environment)),
    ...scopes.flatMap(([path, scope]) => unknownNames([...path, 'bundles'], mappingOf(scope).bundles, bundles, text)),
    ...entries('bundles', root.bundles).flatMap(([path, bundle]) =>
      unknownNames([...path, 'connections'], mappingOf(bundle).connections, connections, text),
    ),
    ...serversTwice(),
    ...entries('guardrails', root.guardrails).flatMap(([path, each]) =>
      unknownServer([...path, 'mcp'], mappingOf(each).mcp),
    ),
  ];

  /** A guardrail for a name that nothing has would forbid nothing. */
  function unknownServer(path: FilePath, name: unknown): FileProblem[] {
    const known = [...servers.map(([[, id]]) => String(id)), ...offered, ...started.map(({ id }) => id)];
    if (typeof name !== 'string' || name === '*' || known.includes(name)) return [];
    return [{ ...place(path, text), message: `there is no MCP server ${name}${didYouMean(name, known)}` }];
  }

  function modelProblems(): FileProblem[] {
    const choices = mappingOf(root.people).models;
    const named = entries('models', root.models);
    const summarising = named.filter(([, each]) => {
      const uses = mappingOf(each).for;
      return Array.isArray(uses) && uses.includes('summaries');
    });
    return [
      ...scopes.flatMap(([path, scope]) => unknownModel([...path, 'model'], mappingOf(scope).model)),
      ...scopes.flatMap(([path, scope]) => unknownChoices([...path, 'models'], mappingOf(scope).models)),
      ...named.flatMap(([path, each]) => unknownModel([...path, 'fallback'], mappingOf(each).fallback, path[1])),
      ...unknownChoices(['people', 'models'], choices),
      ...summarising.slice(1).map(([path]) => ({
        ...place([...path, 'for'], text),
        message: `stands at ${summarising[0]?.[0][1]} already: one model makes the summaries`,
      })),
    ];
  }

  function unknownChoices(path: FilePath, choices: unknown): FileProblem[] {
    return Array.isArray(choices) ? choices.flatMap((each, at) => unknownModel([...path, at], each)) : [];
  }

  function unknownModel(path: FilePath, name: unknown, own?: string | number): FileProblem[] {
    if (typeof name !== 'string') return [];
    if (name === own) return [{ ...place(path, text), message: 'is the model itself: name another one' }];
    if (models.includes(name)) return [];
    const message = `there is no model ${name}${didYouMean(name, models) || (models.length > 0 ? `; known here: ${models.join(', ')}` : '')}`;
    return [{ ...place(path, text), message }];
  }

  /** People, models and guardrails know every MCP server by its name alone. */
  function serversTwice(): FileProblem[] {
    const others = [...servers.map(([[, id]]) => String(id)), ...offered];
    return started.flatMap(({ id, path }, index) => {
      const isTaken = others.includes(id) || started.slice(0, index).some((each) => each.id === id);
      return isTaken
        ? [{ ...place(path, text), message: `another MCP server is called ${id}: give it another name` }]
        : [];
    });
  }

  function unknownEnvironment(path: FilePath, name: unknown): FileProblem[] {
    if (typeof name !== 'string' || environments.includes(name)) return [];
    return [{ ...place(path, text), message: `there is no environment ${name}${didYouMean(name, environments)}` }];
  }
}

function unknownNames(path: FilePath, list: unknown, known: ReadonlySet<string>, text: YamlText): FileProblem[] {
  if (!Array.isArray(list)) return [];
  const kind = KINDS[String(path.at(-1))] ?? 'connection';
  return list.flatMap((name: unknown, index) => {
    if (typeof name !== 'string') return [];
    if (known.has(name) && list.indexOf(name) === index) return [];
    const message = known.has(name)
      ? `${name} stands here twice`
      : `there is no ${kind} ${name}${didYouMean(name, [...known])}`;
    return [{ ...place([...path, index], text), message }];
  });
}

const KINDS: Readonly<Record<string, string>> = { bundles: 'bundle', personal: 'offer under people' };

/** What people are offered: names of presets and of MCP servers. */
function offeredNames({ people }: Root): ReadonlySet<string> {
  const { offer } = mappingOf(people);
  if (!Array.isArray(offer)) return new Set();
  const names = offer.map((each: unknown) => {
    const { preset, mcp } = mappingOf(each);
    return typeof each === 'string' ? each : (mcp ?? preset);
  });
  return new Set(names.filter((name) => typeof name === 'string'));
}

function entries(section: string, value: unknown): [FilePath, unknown][] {
  return Object.entries(mappingOf(value)).map(([key, entry]) => [[section, key], entry]);
}

function mappingOf(value: unknown): Record<string, unknown> {
  return isMapping(value) ? value : {};
}

/** Warns of entries that are defined but attached nowhere. That is allowed, but often a mistake. */
export function unusedWarnings(file: AccessFile, text: YamlText): FileProblem[] {
  const attached = new Set(scopePaths(file).flatMap(({ section }) => section.bundles));
  const chosen = new Set(scopePaths(file).map(({ section }) => section.environment));
  const used = new Set(file.bundles.flatMap((bundle) => bundle.connections));
  return [
    ...file.bundles
      .filter(({ id }) => !attached.has(id))
      .map(({ id }) => ({ ...place(['bundles', id], text), message: 'is attached to no scope' })),
    ...file.connections
      // A client of an offer to people is used by them, and has no rules.
      .filter(({ id, rules }) => !used.has(id) && rules.length > 0)
      .map(({ id }) => ({ ...place(['connections', id], text), message: 'is in no bundle' })),
    ...unusedModels(file, text),
    ...(file.environments ?? [])
      .filter(({ name }) => !chosen.has(name))
      .map(({ name }) => ({ ...place(['environments', name], text), message: 'is attached to no scope' })),
  ];
}

function unusedModels({ models = [], people, ...file }: AccessFile, text: YamlText): FileProblem[] {
  const used = new Set([
    ...scopePaths(file).flatMap(({ section }) => [section.model, ...(section.models ?? [])]),
    ...models.map(({ fallback }) => fallback),
    ...(people?.models ?? []),
  ]);
  return models
    .filter((model) => !used.has(model.name) && model.for.length === 0)
    .map(({ name }) => ({
      ...place(['models', name], text),
      message: 'is used nowhere: no scope has it as its model',
    }));
}

/**
 * Warns of what cannot be in a channel whose sessions act as the person who began them: credentials of the channel, and tasks that nobody began.
 */
export function requesterWarnings(file: AccessFile, text: YamlText): FileProblem[] {
  const holding = new Set(
    file.bundles.filter((each) => each.connections.length + each.repositories.length > 0).map(({ id }) => id),
  );
  const channels = [
    ...file.channels.map((section) => ({ section, key: section.channel.text })),
    ...file.patterns.map((section) => ({ section, key: section.pattern })),
  ].filter(({ section }) => section.identity === 'requester');
  return channels.flatMap(({ section, key }) => [
    ...(file.people?.offers.length
      ? []
      : [
          {
            ...place(['channels', key, 'identity'], text),
            message: 'needs something that people may connect, such as people: { offer: [github] }',
          },
        ]),
    ...section.bundles.flatMap((name, index) =>
      holding.has(name)
        ? [
            {
              ...place(['channels', key, 'bundles', index], text),
              message: `${name} has connections or repositories, which are not used here: sessions have those of the person who began them`,
            },
          ]
        : [],
    ),
    ...file.schedules
      .filter(({ channel }) => channel.text.replace(/^#/, '') === key.replace(/^#/, ''))
      .map(({ name }) => ({
        ...place(['schedules', name, 'channel'], text),
        message: 'nobody begins a schedule, so it uses no connection in this channel',
      })),
  ]);
}

/** Finds connections whose test request would go without their credential. */
export function testProblems({ connections }: AccessFile, text: YamlText): FileProblem[] {
  return connections.flatMap(({ id, test, rules }) => {
    if (test === null) return [];
    const { host, port } = requestOfUrl(test.method, test.url);
    const isThere = rules.some(
      (rule) => rule.action === 'inject' && rule.port === port && matchesHost(rule.host, host),
    );
    if (isThere) return [];
    const message = `goes to ${host}:${port}, where this connection attaches nothing`;
    return [{ ...place(['connections', id, 'test'], text), message }];
  });
}

function place(path: FilePath, text: YamlText): Pick<FileProblem, 'line' | 'field'> {
  return { line: text.lineOf(path), field: fieldOf(path) };
}
