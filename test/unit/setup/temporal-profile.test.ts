import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { namespaceIn, unusedProfileRemark } from '../../../setup/temporal/external.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

describe("profiles of Temporal's own configuration file", () => {
  let folder: TemporaryFolder;
  let file: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    file = path.join(folder.path, 'temporalio', 'temporal.toml');
    await mkdir(path.dirname(file));
    await writeFile(file, '[profile.prod]\naddress = "temporal.example:7233"\nnamespace = "agents"\n');
  });
  afterAll(async () => {
    await folder[Symbol.asyncDispose]();
  });

  it('name the namespace, wherever the file lies', () => {
    expect(namespaceIn({ TEMPORAL_PROFILE: 'prod', XDG_CONFIG_HOME: folder.path })).toBe('agents');
    expect(namespaceIn({ TEMPORAL_PROFILE: 'prod', TEMPORAL_CONFIG_FILE: file })).toBe('agents');
  });

  it('give way to the variable, and to our own server when they are not asked for', () => {
    const environment = { XDG_CONFIG_HOME: folder.path, TEMPORAL_NAMESPACE: 'other' };
    expect(namespaceIn({ ...environment, TEMPORAL_PROFILE: 'prod' })).toBe('other');
    expect(namespaceIn(environment)).toBe('bellhop');
  });

  it('that are broken do not keep the page from starting', () => {
    expect(namespaceIn({ TEMPORAL_CONFIG_FILE: path.join(folder.path, 'nowhere.toml') })).toBe('bellhop');
  });

  it('are named when they lie there unused', () => {
    const found = unusedProfileRemark({ HOME: '/nowhere', XDG_CONFIG_HOME: folder.path });
    expect(found).toBe(`${file} is not used; TEMPORAL_PROFILE=default would`);
    expect(unusedProfileRemark({ HOME: '/nowhere' })).toBeUndefined();
  });
});
