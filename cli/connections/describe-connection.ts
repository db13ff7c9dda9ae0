import { type AccessDocument, type Connection, type CredentialUse, NO_CREDENTIAL } from '../../access/document.ts';
import { portText } from '../../access/rule-match.ts';
import type { ConnectionUses } from '../../store/connection-use.ts';
import type { CredentialRecord } from '../../store/credentials.ts';

/** A connection for people and programs. Nothing in it is secret. */
export interface ConnectionDescription {
  readonly name: string;
  readonly preset: string | null;
  readonly kind: CredentialUse['kind'];
  /** What the access file says about the credential, without its kind. */
  readonly use: Readonly<Record<string, unknown>>;
  /** `inject GET,HEAD https://api.acme.test/v1`. */
  readonly rules: readonly string[];
  readonly hosts: readonly string[];
  /** `acme-data ← #platform-eng`, for each bundle and each place it is attached to. */
  readonly attached: readonly string[];
  readonly test: string | null;
  /** Null while no credential is in force. */
  readonly version: number | null;
  readonly since: Date | null;
  readonly expiresAt: Date | null;
  readonly used: ConnectionUses['used'];
  readonly refused: ConnectionUses['refused'];
}

export function describeConnection(
  connection: Connection,
  document: AccessDocument,
  stored: readonly CredentialRecord[],
  uses: ConnectionUses | undefined,
): ConnectionDescription {
  const { id, preset, credential, credentialVersion, rules, test } = connection;
  const { kind, ...use } = credential;
  const record = stored.find((each) => each.connection === id && each.version === credentialVersion);
  return {
    name: id,
    preset,
    kind,
    use,
    rules: rules.map(ruleText),
    hosts: [...new Set(rules.filter(({ action }) => action !== 'deny').map(({ host }) => host))],
    attached: attachedTo(id, document),
    test: test && `${test.method} ${test.url}`,
    version: credentialVersion === NO_CREDENTIAL ? null : credentialVersion,
    since: record?.createdAt ?? null,
    expiresAt: record?.expiresAt ?? null,
    used: uses?.used ?? null,
    refused: uses?.refused ?? null,
  };
}

function ruleText({ action, methods, scheme, host, port, paths }: Connection['rules'][number]): string {
  const where = `${scheme}://${host}${portText({ scheme, port })}${paths.length === 0 ? '' : ` below ${paths.join(', ')}`}`;
  return `${action} ${methods.length === 0 ? 'every method' : methods.join(',')} ${where}`;
}

/** A grant of a repository uses its connection too, without a line of its own in the bundle. */
function attachedTo(id: string, { bundles, scopes }: AccessDocument): string[] {
  const having = bundles.filter(
    ({ connections, repositories }) =>
      connections.includes(id) || repositories.some(({ connection }) => connection === id),
  );
  return having.flatMap((bundle) =>
    scopes.filter((scope) => scope.bundles.includes(bundle.id)).map(({ label }) => `${bundle.id} ← ${label}`),
  );
}
