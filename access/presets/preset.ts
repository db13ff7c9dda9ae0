/**
 * A preset fills in what a connection to a well-known service needs: hosts, narrow rules, the kind of credential and a
 * request for `bellhop connections test`. It is data only, written in the words of `bellhop.yaml`.
 */
export interface Preset {
  /** For people: `Google BigQuery`. */
  readonly title: string;
  /** Where the service describes its API and its credentials. */
  readonly documentation: string;
  /** What is in no text of ours and has to be said in the file: account, tenant, bucket, project. */
  readonly fields: Readonly<Record<string, PresetField>>;
  /** Kinds of credential that the service takes. The first is the usual one. */
  readonly credentials: readonly [PresetCredential, ...PresetCredential[]];
  /** As in the file. `{account}` stands for the field `account`. */
  readonly rules: readonly PresetRule[];
  /** `GET https://…`, as in the file. */
  readonly test: string;
  /** What a person pastes who connects it for themselves. Absent: people cannot. */
  readonly personal?: PersonalToken;
  /** Where a person grants a token by OAuth. Absent: they can only paste one. `{host}` stands for the field `host`. */
  readonly oauth?: PresetOAuth;
  /** What an administrator should know before giving this access, one sentence each. */
  readonly notes: readonly string[];
}

export interface PersonalToken {
  /** One of `credentials`. */
  readonly kind: 'bearer' | 'basic' | 'header';
  /** For people: `a fine-grained personal access token`. */
  readonly about: string;
  /** Where a person makes one. `{host}` stands for the field `host`. */
  readonly madeAt: string;
}

/** An authorization server. The administrator registers a client there. */
export interface PresetOAuth {
  /** Its name in RFC 9207. */
  readonly issuer: string;
  /** Whether each of its answers names it. */
  readonly namesIssuer: boolean;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  /** RFC 8628. Absent: it has no device authorization. */
  readonly deviceUrl?: string;
  /** What is asked for when the file does not say. */
  readonly scopes: readonly string[];
  /** How the client's secret is sent when the file does not say. */
  readonly clientAuth: 'basic' | 'post';
  /** The request that says whose a token is, and the member of the answer with the name. */
  readonly account?: { readonly url: string; readonly field: string };
}

export interface PresetField {
  readonly about: string;
  /** The whole value. A field becomes part of a host or a path, so it is matched narrowly. */
  readonly pattern: RegExp;
  readonly example: string;
  /** Absent for a field that the file must give. */
  readonly default?: string;
}

/** Defaults for the credential's own fields in the file, by its kind. */
export type PresetCredential = { readonly kind: string } & Readonly<Record<string, unknown>>;

export interface PresetRule {
  readonly inject?: string | readonly string[];
  readonly forward?: string | readonly string[];
  readonly deny?: string | readonly string[];
  readonly methods?: 'read' | readonly string[];
  readonly paths?: readonly string[];
}
