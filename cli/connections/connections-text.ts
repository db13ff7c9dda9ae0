import { columns } from '../../access/columns.ts';
import type { ConnectionUse } from '../../store/connection-use.ts';
import { expiryText, minute } from '../credentials/credentials-text.ts';
import { shownName } from '../shown-name.ts';
import { type ConnectionDescription, isCallable, type ServerDescription } from './describe-connection.ts';

/** The output of `bellhop connections list`: a row for each connection. */
export function connectionsText(all: readonly ConnectionDescription[], now: Date): string {
  if (all.length === 0) return 'No connection is in force.';
  const rows = all.map(({ name, kind, hosts, attached, version, expiresAt, used, refused }) => [
    name,
    kind,
    version === null ? 'no credential' : `version ${version}${expiresAt ? `, ${expiryText(expiresAt, now)}` : ''}`,
    used ? `used ${seenText(used)}` : 'never used',
    refused ? `refused by the proxy ${minute(refused.at)} ${askedText(refused)}` : '',
    attached.length === 0 ? 'attached nowhere' : attached.join(', '),
    hosts.join(', '),
  ]);
  return columns(rows);
}

/** The output of `bellhop connections show`. */
export function connectionText(shown: ConnectionDescription, now: Date): string {
  const { name, preset, kind, use, rules, attached, test, mcp, version, since, expiresAt, used, refused } = shown;
  const settings = Object.entries(use)
    .filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([key, value]) => `${key}: ${Array.isArray(value) ? value.join(' ') : String(value)}`);
  const rows = [
    ['kind', [kind, ...settings].join(', ')],
    ...(preset === null ? [] : [['preset', preset]]),
    ...rules.map((rule, index) => [index === 0 ? 'rules' : '', rule]),
    ...(attached.length === 0 ? ['nowhere'] : attached).map((place, index) => [index === 0 ? 'attached' : '', place]),
    ...(mcp === null ? [['test', test ?? 'none']] : serverRows(name, mcp)),
    ['credential', version === null ? `none: ./bellhop credentials set ${name}` : versionText(version, since)],
    ...(expiresAt ? [['expiry', expiryText(expiresAt, now)]] : []),
    ['last used', used ? seenText(used) : 'never'],
    ['last refused', refused ? `${minute(refused.at)} by the proxy, ${askedText(refused)}` : 'never'],
  ];
  return `${name}\n${columns(rows, '  ')}`;
}

function serverRows(
  name: string,
  { url, allow, deny, read, approve, listedAt, problem, tools }: ServerDescription,
): string[][] {
  const waits = tools.some(({ state, rule }) => state !== 'approved' && isCallable(rule));
  return [
    ['mcp', url],
    ...Object.entries({ allow, deny, read, approve }).flatMap(([list, names]) =>
      names.length === 0 ? [] : [[list, names.join(', ')]],
    ),
    ['listed', listedAt ? `${tools.length} tools, ${minute(listedAt)}` : 'never'],
    ...(problem === null ? [] : [['problem', shownName(problem)]]),
    ...tools.map((tool, index) => [index === 0 ? 'tools' : '', toolText(tool)]),
    ...(waits ? [['approve', `./bellhop connections approve ${name}`]] : []),
  ];
}

function toolText({ name, rule, state, problem }: ServerDescription['tools'][number]): string {
  const words = {
    approved: '',
    new: ', new: waits until an administrator approves it',
    changed: ', changed since it was approved: waits until an administrator approves it',
  }[state];
  return `${shownName(name)}: ${rule}${isCallable(rule) ? words : ''}${problem === null ? '' : `. Offered to no model: ${problem}`}`;
}

function versionText(version: number, since: Date | null): string {
  return `version ${version}${since ? `, since ${minute(since)}` : ', which is missing'}`;
}

function seenText({ at, code, status, host }: ConnectionUse): string {
  return `${minute(at)} at ${host} (${status ?? code})`;
}

/** Without the status, which the proxy gave: beside the host it would read as the host's own answer. */
function askedText({ host, code }: ConnectionUse): string {
  return `for ${host} (${code})`;
}
