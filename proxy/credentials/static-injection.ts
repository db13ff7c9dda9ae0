import type { CredentialUse } from '../../access/credential-use.ts';
import { awsSecretOf, clientCertificateOf, type SecretForm, textsOf } from '../../credentials/secret-forms.ts';
import type { Injection, SecretHeader } from './injection.ts';
import { sigV4Injection } from './sigv4/sigv4-injection.ts';

/** The kinds whose secret goes into requests as it is, or signs them. No token has to be fetched. */
export type StaticUse = Extract<
  CredentialUse,
  { kind: 'bearer' | 'basic' | 'header' | 'headers' | 'query' | 'body' | 'aws-sigv4' | 'mtls' }
>;

/**
 * How a secret enters requests.
 *
 * @param secret checked by `secretProblem`
 * @throws Error when it has another form all the same. The message holds no part of it.
 */
export function staticInjection(use: StaticUse, secret: string, connection: string): Injection {
  switch (use.kind) {
    case 'bearer':
      return headers({ name: 'authorization', value: `Bearer ${secret}` });
    case 'basic':
      return headers({ name: 'authorization', value: `Basic ${Buffer.from(secret, 'utf8').toString('base64')}` });
    case 'header':
      return headers({ name: use.name, value: `${use.prefix}${secret}` });
    case 'headers':
      return headers(
        ...Object.entries(formed(textsOf(secret))).map(([name, value]) => ({ name: name.toLowerCase(), value })),
      );
    case 'query':
      return { way: 'query', name: use.name, value: secret };
    case 'body':
      return { way: 'body', field: use.field, value: secret };
    case 'aws-sigv4':
      return sigV4Injection({ key: formed(awsSecretOf(secret)), region: use.region, service: use.service, connection });
    case 'mtls': {
      const { certificate, key } = formed(clientCertificateOf(secret));
      return { way: 'client-certificate', certificate, key };
    }
  }
}

function headers(...all: readonly SecretHeader[]): Injection {
  return { way: 'headers', headers: all };
}

function formed<T>(form: SecretForm<T>): T {
  if ('problem' in form) throw new Error(`the stored secret ${form.problem}`);
  return form.value;
}
