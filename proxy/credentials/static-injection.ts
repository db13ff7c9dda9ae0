import type { CredentialUse } from '../../access/credential-use.ts';
import { headerKey } from '../../access/header-names.ts';
import { awsSecretOf, clientCertificateOf, type SecretForm, textsOf } from '../../credentials/secret-forms.ts';
import { isCredentialHeader } from '../request/credential-names.ts';
import { hiddenOf, namesAccount, passwordsIn } from './hidden-parts.ts';
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
      return headers([{ name: 'authorization', value: `Bearer ${secret}` }], [secret]);
    case 'basic': {
      const encoded = Buffer.from(secret, 'utf8').toString('base64');
      return headers([{ name: 'authorization', value: `Basic ${encoded}` }], [encoded, ...passwordsIn(secret)]);
    }
    case 'header':
      return headers(
        [{ name: use.name, value: `${use.prefix}${secret}` }],
        [secret, ...hiddenOf(`${use.prefix}${secret}`)],
      );
    case 'headers': {
      const all = Object.entries(formed(textsOf(secret))).map(([name, value]) => ({ name: name.toLowerCase(), value }));
      // Some of them only say which account it is, and answers are full of that.
      const telling = all.filter(({ name }) => isCredentialHeader(headerKey(name)) && !namesAccount(name));
      return headers(
        all,
        telling.flatMap(({ value }) => hiddenOf(value)),
      );
    }
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

function headers(all: readonly SecretHeader[], hidden: readonly string[]): Injection {
  return { way: 'headers', headers: all, hidden };
}

function formed<T>(form: SecretForm<T>): T {
  if ('problem' in form) throw new Error(`the stored secret ${form.problem}`);
  return form.value;
}
