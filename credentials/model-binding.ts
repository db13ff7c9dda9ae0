import type { NamedModel } from '../access/document.ts';
import type { CredentialBinding } from './binding.ts';

/** The id of a model's key among stored credentials. No connection has it: their names have no slash. */
export function modelKeyId(model: string): string {
  return `model/${model}`;
}

/** What the key of a model is sealed for: the model's name, and the host and port to which it may be sent. */
export function modelBinding({
  name,
  baseUrl,
  keyVersion,
}: Pick<NamedModel, 'name' | 'baseUrl' | 'keyVersion'>): CredentialBinding {
  const { hostname, port, protocol } = new URL(baseUrl);
  return {
    connection: modelKeyId(name),
    version: keyVersion ?? 0,
    hosts: [hostname],
    ports: [Number(port) || (protocol === 'https:' ? 443 : 80)],
    use: { kind: 'bearer' },
    ca: null,
  };
}
