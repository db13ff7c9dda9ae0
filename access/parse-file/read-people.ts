/** The section `people`: what a person may connect for themselves, with a token of their own. */
import { z } from 'zod';
import type { FileConnection } from '../access-file.ts';
import type { Connection } from '../document.ts';
import { forgesByNature } from '../forge/forge-of-connection.ts';
import { didYouMean } from '../near-names.ts';
import type { PeopleAccess, PersonalOffer } from '../people-access.ts';
import { personalId } from '../personal-access.ts';
import { applyPreset, PRESETS } from '../presets/apply-preset.ts';
import type { PersonalToken, Preset } from '../presets/preset.ts';
import { commonRequest } from '../rule-overlap.ts';
import { connection as connectionSchema } from './connection-schema.ts';
import { name } from './leaf-schemas.ts';
import { offeredConnection, readOfferedServer } from './offered-server.ts';
import { type FilePath, type FileProblem, fieldOf } from './problem.ts';
import { clientConnection, offeredOAuth, toOfferedOAuth } from './read-offered-oauth.ts';
import type { YamlText } from './read-yaml.ts';
import { personalRepository } from './schemas.ts';
import { entry, parseEntry } from './strict-entry.ts';

const offer = z
  .preprocess(
    (value) => (typeof value === 'string' ? { preset: value } : value),
    z.looseObject({
      preset: z.string().optional(),
      mcp: z.string().optional(),
      repositories: z.array(personalRepository).min(1, 'is empty').optional(),
      oauth: offeredOAuth.optional(),
    }),
  )
  .meta({ short: { type: 'string' } });

export const people = entry({
  offer: z.array(offer).default([]),
  models: z.array(name).min(1, 'is empty').optional(),
  'in-channels': z.enum(['never', 'ask']).default('never'),
});

type Offer = z.infer<typeof offer>;

/** What may stand beside a preset. A person's credential has the kind that the preset says, and goes where it says. */
const KEYS = ['preset', 'repositories', 'oauth', 'methods', 'paths', 'addresses'];

/** Presets with a token that a person can make. */
const OFFERED: Readonly<Record<string, Preset & { readonly personal: PersonalToken }>> = Object.fromEntries(
  Object.entries(PRESETS).flatMap(([name, preset]) =>
    preset.personal ? [[name, { ...preset, personal: preset.personal }]] : [],
  ),
);

export interface ReadPeople {
  readonly people: PeopleAccess;
  /** Where the secrets of OAuth clients are kept. */
  readonly clients: readonly FileConnection[];
  readonly problems: readonly FileProblem[];
}

/**
 * Reads each offer separately, so that one mistake does not hide another.
 *
 * @param connections the section `connections` as it is written, whose MCP servers may be offered
 */
export function readPeople(value: unknown, text: YamlText, connections: unknown): ReadPeople {
  const parsed = parseEntry(people, value ?? {}, ['people'], text);
  const problems = [...parsed.problems];
  const offers: PersonalOffer[] = [];
  const clients: FileConnection[] = [];
  for (const [index, each] of (parsed.value?.offer ?? []).entries()) {
    const path: FilePath = ['people', 'offer', index];
    const place = (below: FilePath = []) => ({
      line: text.lineOf([...path, ...below]),
      field: fieldOf([...path, ...below]),
    });
    const refuse = (message: string, below?: FilePath) => void problems.push({ ...place(below), message });
    const made: ReadOffer =
      each.mcp === undefined
        ? readOffer(each, path, text, refuse)
        : readOfferedServer(each, { path, text, connections, refuse });
    problems.push(...made.problems);
    if (!made.offer) continue;
    if (offers.some(({ name }) => name === made.offer?.name)) {
      problems.push({ ...place(), message: `${made.offer.name} is offered twice` });
      continue;
    }
    for (const message of overlapping(made.offer, offers)) problems.push({ ...place(), message });
    offers.push(made.offer);
    if (made.client) clients.push(made.client);
  }
  const { models, 'in-channels': inChannels } = parsed.value ?? {};
  const more = { ...(models !== undefined && { models }), ...(inChannels === 'ask' && { inChannels }) };
  return { people: { offers, ...more }, clients, problems };
}

interface ReadOffer {
  readonly offer: PersonalOffer | null;
  /** The client by which people grant a token. */
  readonly client?: FileConnection | null;
  readonly problems: readonly FileProblem[];
}

function readOffer(
  { preset: name = '', repositories, oauth: client, ...rest }: Offer,
  path: FilePath,
  text: YamlText,
  refuse: (message: string, below?: FilePath) => void,
): ReadOffer {
  const nothing = { offer: null, problems: [] };
  if (name === '') {
    refuse('names neither a preset nor an MCP server: write github, { preset: github, … } or { mcp: linear-tools }');
    return nothing;
  }
  const preset = Object.hasOwn(OFFERED, name) ? OFFERED[name] : undefined;
  if (!preset) {
    const known = Object.keys(OFFERED);
    const isPreset = Object.hasOwn(PRESETS, name);
    const why = isPreset ? `people have no token of their own for ${name}` : `there is no preset ${name}`;
    refuse(`${why}${isPreset ? '' : didYouMean(name, known)}; can be offered: ${known.join(', ')}`);
    return nothing;
  }
  const known = [...KEYS, ...Object.keys(preset.fields)];
  const unknown = Object.keys(rest).filter((key) => !known.includes(key));
  for (const key of unknown) {
    refuse(`unknown key${didYouMean(key, known)}; known here: ${known.join(', ')}`, [key]);
  }
  const applied = applyPreset({ ...rest, preset: name, credential: { kind: preset.personal.kind } });
  if ('problems' in applied) {
    for (const { field, message } of applied.problems) refuse(message, field.split('.'));
    return nothing;
  }
  const read = parseEntry(connectionSchema, applied.entry, path, text);
  if (unknown.length > 0 || read.value === undefined || read.problems.length > 0) {
    return { offer: null, problems: read.problems };
  }
  const line = text.lineOf(path);
  const connection = offeredConnection(personalId(name), read.value, line);
  if (client !== undefined && applied.oauth === null) {
    refuse(`no authorization server of ${preset.title} is known: people paste a token`, ['oauth']);
    return nothing;
  }
  const oauth = client && applied.oauth ? toOfferedOAuth(client, applied.oauth) : null;
  const [forge] = forgesByNature(connection);
  if (!forge && repositories !== undefined) {
    refuse(`${preset.title} has no repositories`, ['repositories']);
    return nothing;
  }
  // Without a word of the administrator, people propose, wherever their token reaches.
  const granted = repositories ?? [{ repository: '*', access: 'propose' as const }];
  const grants = forge
    ? granted.map(({ repository, access, branches = [] }) => ({
        ...{ repository, access, branches, forge, line },
        connection: connection.id,
      }))
    : [];
  return {
    offer: { name, connection, grants, ...(oauth && { oauth }) },
    client: client && oauth ? clientConnection(name, oauth, client, line) : null,
    problems: [],
  };
}

/** Two offers of one request would leave open which of a person's tokens is attached. */
function overlapping({ connection, name }: PersonalOffer, others: readonly PersonalOffer[]): string[] {
  // An MCP server is no rule for hosts.
  const allowing = ({ rules, mcp }: Connection) => (mcp ? [] : rules.filter(({ action }) => action !== 'deny'));
  return others.flatMap((other) =>
    allowing(connection)
      .flatMap((rule) => allowing(other.connection).flatMap((each) => commonRequest(rule, each) ?? []))
      .map((common) => `${name} and ${other.name} both cover ${common}: narrow one of them by paths`),
  );
}
