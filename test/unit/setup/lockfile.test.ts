import { readFileSync } from 'node:fs';
import path from 'node:path';

interface Package {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const file = path.join(import.meta.dirname, '../../../package-lock.json');
const { packages } = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Package> };

describe('package-lock.json', () => {
  it('has an entry for every optional package, or `npm ci` refuses it', () => {
    const missing = Object.entries(packages).flatMap(([where, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !packages[`${where}/node_modules/${name}`] && !packages[`node_modules/${name}`])
        .map((name) => `${where} → ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('carries no resolved addresses, so that any registry serves it', () => {
    expect(Object.entries(packages).filter(([, { resolved }]) => resolved)).toEqual([]);
  });

  it('has one protobufjs for Temporal: with two, histories cannot be replayed', () => {
    const copies = Object.keys(packages).filter((name) => name.endsWith('node_modules/protobufjs'));
    expect(copies.filter((name) => name.includes('@temporalio'))).toEqual([]);
    expect(copies).toContain('node_modules/protobufjs');
  });
});
