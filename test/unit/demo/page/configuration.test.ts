import { readConfiguration, readServices } from '../../../../demo/page/server/configuration.ts';

test('a missing or wrong setting is named in one line', () => {
  expect(() => readConfiguration({ PAGE_PORT: '99999' })).toThrow(/BELLHOP_HOME: .*; PAGE_PORT: /);
});

test('services that are not known yet are absent, half of a pair is nothing', () => {
  expect(readServices({ SLACK_SIMULATOR_URL: 'http://127.0.0.1:1' }, null)).toEqual({
    databaseUrl: undefined,
    slack: undefined,
    acme: undefined,
    temporalUi: undefined,
  });
});

test('page.json completes the environment, and the environment wins', () => {
  const file = { SLACK_SIMULATOR_URL: 'http://127.0.0.1:1', SLACK_SIMULATOR_TOKEN: 't', BELLHOP_DATABASE_URL: 'file' };
  const services = readServices({ BELLHOP_DATABASE_URL: 'environment' }, file);
  expect(services.databaseUrl).toBe('environment');
  expect(services.slack).toEqual({ url: 'http://127.0.0.1:1', token: 't' });
});
