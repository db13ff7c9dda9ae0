import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { AccessFile } from '../../access/access-file.ts';
import type { FileProblem } from '../../access/parse-file/problem.ts';

export interface ReadAuthorities {
  /** PEM text by connection, for those that name a file. */
  readonly authorities: ReadonlyMap<string, string>;
  readonly problems: readonly FileProblem[];
}

const MAX_SIZE = 256 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/**
 * Reads the files of authorities that connections name by `ca`. Only the certificates of a file are kept, because
 * everything else in it would be stored with the rules and shown to people.
 *
 * @param folder of `bellhop.yaml`, where relative paths start
 */
export async function readAuthorities({ connections }: AccessFile, folder: string): Promise<ReadAuthorities> {
  const authorities = new Map<string, string>();
  const problems: FileProblem[] = [];
  for (const { id, caFile, line } of connections) {
    if (caFile === null) continue;
    const read = await readPem(path.resolve(folder, caFile));
    if ('pem' in read) authorities.set(id, read.pem);
    else problems.push({ line, field: `connections.${id}.ca`, message: read.problem });
  }
  return { authorities, problems };
}

async function readPem(file: string): Promise<{ readonly pem: string } | { readonly problem: string }> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return { problem: `the file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})` };
  }
  if (text.length > MAX_SIZE) return { problem: `the file ${file} is longer than ${MAX_SIZE} characters` };
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    return { problem: `the file ${file} holds a private key: keep certificates only, it is stored as it is` };
  }
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) return { problem: `the file ${file} holds no certificate in PEM` };
  const certificates: string[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      certificates.push(new X509Certificate(block).toString());
    } catch {
      return { problem: `certificate ${index + 1} of the file ${file} cannot be read` };
    }
  }
  return { pem: certificates.join('') };
}
