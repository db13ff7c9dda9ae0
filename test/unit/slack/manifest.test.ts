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

test('the app shows a Home tab, hears when it is opened, and takes what people press and send', () => {
  const { features, settings } = slackManifest('porter') as {
    features: { app_home: object };
    settings: { event_subscriptions: { bot_events: string[] }; interactivity: object };
  };
  expect(features.app_home).toMatchObject({ home_tab_enabled: true, messages_tab_enabled: true });
  expect(settings.event_subscriptions.bot_events).toEqual(expect.arrayContaining(['app_home_opened', 'user_change']));
  expect(settings.interactivity).toEqual({ is_enabled: true });
});
