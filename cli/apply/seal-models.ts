import type { FileModel } from '../../access/access-file.ts';
import type { AccessDocument, NamedModel } from '../../access/document.ts';
import type { FileProblem } from '../../access/parse-file/problem.ts';
import { bindingText } from '../../credentials/binding.ts';
import { isCredentialError } from '../../credentials/errors.ts';
import type { PublicKey } from '../../credentials/key-pair.ts';
import { modelBinding, modelKeyId } from '../../credentials/model-binding.ts';
import { seal } from '../../credentials/seal.ts';
import type { CredentialRecord, SealedCredential } from '../../store/credentials.ts';
import type { ReadSecret } from './read-secret.ts';
import { type CredentialOutcome, SOURCE_FIELDS } from './seal-connections.ts';

export interface SealModelsInput {
  readonly models: readonly FileModel[];
  /** By the name of the model. */
  readonly secrets: ReadonlyMap<string, ReadSecret>;
  /** The document in force, and the sealed texts stored for it. */
  readonly current: AccessDocument;
  readonly stored: readonly CredentialRecord[];
  /** Of the agent worker. */
  readonly publicKey: PublicKey;
  /** Version of the new policy, which new keys get too. */
  readonly version: number;
}

export interface SealedModels {
  readonly models: readonly NamedModel[];
  readonly sealed: readonly SealedCredential[];
  readonly outcomes: readonly CredentialOutcome[];
}

/**
 * Seals every key of a model that can be read. When one cannot be read, the model keeps its stored key, provided that this
 * is for the same host and port.
 */
export async function sealModels(input: SealModelsInput): Promise<SealedModels | { problems: FileProblem[] }> {
  const problems: FileProblem[] = [];
  const models: NamedModel[] = [];
  const sealed: SealedCredential[] = [];
  const outcomes: CredentialOutcome[] = [];
  for (const { source, ...model } of input.models) {
    if (source === null || source.from === 'stored') {
      models.push({ ...model, keyVersion: null });
      continue;
    }
    const outcome = { connection: modelKeyId(model.name), source: source.from };
    const refuse = (message: string) =>
      problems.push({ line: model.line, field: `models.${model.name}.key.${SOURCE_FIELDS[source.from]}`, message });
    const read = input.secrets.get(model.name) ?? { missing: 'it was not read' };
    if ('secret' in read) {
      const named = { ...model, keyVersion: input.version };
      const result = await sealKey(named, read.secret, input.publicKey);
      if ('problem' in result) refuse(result.problem);
      else sealed.push(result);
      models.push(named);
      outcomes.push({ ...outcome, credential: 'sealed', note: '' });
      continue;
    }
    const kept = storedVersion(model, input);
    if ('problem' in kept) refuse(`${read.missing}, and ${kept.problem}`);
    else {
      models.push({ ...model, keyVersion: kept.version });
      outcomes.push({ ...outcome, credential: 'kept', note: read.missing });
    }
  }
  return problems.length > 0 ? { problems } : { models, sealed, outcomes };
}

async function sealKey(
  model: NamedModel,
  secret: string,
  publicKey: PublicKey,
): Promise<SealedCredential | { readonly problem: string }> {
  const binding = modelBinding(model);
  try {
    const { connection, version } = binding;
    return { connection, version, keyId: publicKey.id, sealed: await seal(publicKey, binding, secret) };
  } catch (error) {
    if (isCredentialError(error)) return { problem: error.message };
    throw error;
  }
}

function storedVersion(
  model: Omit<NamedModel, 'keyVersion'>,
  { current, stored, publicKey }: SealModelsInput,
): { readonly version: number } | { readonly problem: string } {
  const before = current.models?.find(({ name }) => name === model.name);
  const version = before?.keyVersion ?? null;
  const record = stored.find((each) => each.connection === modelKeyId(model.name) && each.version === version);
  if (!before || version === null || !record) return { problem: 'no key is stored for this model' };
  if (record.keyId !== publicKey.id) return { problem: 'the stored key was sealed for another installation' };
  const same =
    bindingText(modelBinding({ ...before, keyVersion: 0 })) === bindingText(modelBinding({ ...model, keyVersion: 0 }));
  return same ? { version } : { problem: 'the stored key is bound to the host it had before' };
}
