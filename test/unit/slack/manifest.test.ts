import { parse } from 'yaml';
import { printManifest, slackManifest } from '../../../slack/manifest.ts';

test('YAML and JSON say the same', () => {
  expect(parse(printManifest('porter', 'yaml'))).toEqual(slackManifest('porter'));
  expect(JSON.parse(printManifest('porter', 'json'))).toEqual(slackManifest('porter'));
});

test('the app uses Socket Mode, is called as asked and has no user scopes', () => {
  const manifest = JSON.stringify(slackManifest('porter'));
  expect(manifest).toContain('"socket_mode_enabled":true');
  expect(manifest).toContain('"display_name":"porter"');
  expect(manifest).not.toContain('"user"');
});
