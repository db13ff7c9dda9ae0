/**
 * How a connection proves who it is: everything of its credential that is no secret. What the sealed secret text holds
 * for each kind is said at the kind.
 */
export type CredentialUse =
  /** Secret: the token. */
  | { readonly kind: 'bearer' }
  /** Secret: `user:password`. */
  | { readonly kind: 'basic' }
  /** Secret: the header's value. `name` is in lower case. */
  | { readonly kind: 'header'; readonly name: string; readonly prefix: string }
  /** Secret: a JSON object from each of these names (in lower case) to its value. */
  | { readonly kind: 'headers'; readonly names: readonly string[] }
  /** Secret: the parameter's value. */
  | { readonly kind: 'query'; readonly name: string }
  /** Secret: the field's value. It is put into a JSON object or a form. */
  | { readonly kind: 'body'; readonly field: string }
  /**
   * Secret: a JSON object with `access_key_id`, `secret_access_key` and optional `session_token`; or `id:key[:token]`.
   * Null means that region or service is read from the host.
   */
  | { readonly kind: 'aws-sigv4'; readonly region: string | null; readonly service: string | null }
  /** Secret: Google's JSON key file of a service account. With an `audience` an identity token is asked for (IAP). */
  | { readonly kind: 'gcp'; readonly scopes: readonly string[]; readonly audience: string | null }
  /** Secret: the client's secret (RFC 6749 4.4). */
  | {
      readonly kind: 'oauth-client';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly scopes: readonly string[];
      readonly audience: string | null;
      /** Where the client's secret goes (RFC 6749 2.3.1). */
      readonly clientAuth: 'basic' | 'post';
    }
  /** Secret: a private key as PEM (RFC 7523). */
  | {
      readonly kind: 'oauth-jwt';
      readonly tokenUrl: string;
      readonly issuer: string;
      readonly subject: string;
      readonly audience: string;
      readonly scopes: readonly string[];
      readonly keyId: string | null;
    }
  /** Secret: a JSON object with `refresh_token` and optional `client_secret` (RFC 6749 6). The token may rotate. */
  | {
      readonly kind: 'oauth';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly scopes: readonly string[];
      readonly clientAuth: 'basic' | 'post' | 'none';
    }
  /** Secret: the app's private key as PEM. The installation's token is narrowed to what the bundles grant. */
  | {
      readonly kind: 'github-app';
      readonly appId: string;
      readonly installationId: string;
      /** Where tokens are made: `https://api.github.com`, or the API of an Enterprise server. */
      readonly apiUrl: string;
    }
  /** Secret: the client's certificate and its private key as PEM, one after the other. */
  | { readonly kind: 'mtls' }
  /**
   * Secret: a JSON object with `access_token`, and optional `refresh_token` and `expires_at`. A person has granted it by OAuth
   * (RFC 6749 4.1, RFC 8628). No file has this kind: only a personal connection does.
   */
  | {
      readonly kind: 'oauth-grant';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientAuth: ClientAuth;
      /** RFC 8707. Absent: the server is told of none. */
      readonly resource?: string;
    };

/** Where a client's secret goes (RFC 6749 2.3.1). `none` is a public client, which has no secret. */
export type ClientAuth = 'basic' | 'post' | 'none';

export type CredentialKind = CredentialUse['kind'];
