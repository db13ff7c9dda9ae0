import type { AccessDocument } from '../../../access/document.ts';
import { compareEnvironments } from '../../../access/environments/compare-environments.ts';
import { environmentSchema, toEnvironment } from '../../../access/environments/environment-schema.ts';
import { documentOf } from '../../support/access-document.ts';

const CHANNEL = 'channel:T1:C1';

/** The organization has the environment `usual`, and the channel one named by the test. */
function withEnvironments(attached: string | undefined, written: Record<string, object>): AccessDocument {
  const document = documentOf({ organization: {}, [CHANNEL]: {} });
  const scopes = document.scopes.map((each) => {
    const environment = each.scope === 'organization' ? 'usual' : attached;
    return environment === undefined ? each : { ...each, environment };
  });
  const environments = Object.entries(written).map(([name, each]) =>
    toEnvironment(name, environmentSchema.parse(each)),
  );
  return { ...document, scopes, environments };
}

function changes(before: AccessDocument, after: AccessDocument) {
  return Object.fromEntries(compareEnvironments(before, after).map(({ scope, what }) => [scope, what]));
}

test('a changed script and image are told of every scope that has them', () => {
  const before = withEnvironments(undefined, { usual: { setup: 'true', image: 'tools:1' } });
  const after = withEnvironments(undefined, { usual: { setup: 'curl a.test', image: 'tools:2' } });
  const what = ['the image: tools:1 → tools:2', 'the setup script of usual'];
  expect(changes(before, after)).toEqual({ organization: what, [CHANNEL]: what });
  expect(changes(after, after)).toEqual({});
});

test('a scope with a nearer environment keeps it', () => {
  const before = withEnvironments('own', { usual: {}, own: { setup: 'true' } });
  const after = withEnvironments('own', { usual: { packages: ['jq'], registries: ['npm'] }, own: { setup: 'true' } });
  expect(changes(before, after)).toEqual({ organization: ['packages: +jq', 'registries: +npm +debian'] });
});

test('another environment of the same content changes nothing, and one that is detached changes back', () => {
  const written = { usual: {}, one: { 'memory-mb': 512 }, same: { 'memory-mb': 512 } };
  expect(changes(withEnvironments('one', written), withEnvironments('same', written))).toEqual({});
  expect(changes(withEnvironments('one', written), withEnvironments(undefined, written))).toEqual({
    [CHANNEL]: ['memory-mb: 512 → as usual'],
  });
});
