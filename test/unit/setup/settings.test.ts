import { readSettings } from '../../../setup/settings.ts';

describe('settings', () => {
  it('without any, everything is embedded or simulated', () => {
    expect(readSettings({})).toEqual({ databaseUrl: undefined, slack: undefined, model: undefined });
  });

  it('an empty variable counts as unset', () => {
    const empty = { DATABASE_URL: '', SLACK_APP_TOKEN: '', SLACK_BOT_TOKEN: '', ANTHROPIC_API_KEY: '' };
    expect(readSettings(empty)).toEqual(readSettings({}));
  });

  it('each real thing replaces its part of the demo', () => {
    const settings = readSettings({
      DATABASE_URL: 'postgresql://u:p@db.example:5432/bellhop',
      SLACK_APP_TOKEN: 'xapp-1',
      SLACK_BOT_TOKEN: 'xoxb-1',
      ANTHROPIC_API_KEY: 'key',
      ANTHROPIC_BASE_URL: 'https://models.example',
      BELLHOP_MODEL: 'm',
    });
    expect(settings.databaseUrl).toBe('postgresql://u:p@db.example:5432/bellhop');
    expect(settings.slack).toEqual({ appToken: 'xapp-1', botToken: 'xoxb-1', apiUrl: undefined });
    expect(settings.model).toEqual({ apiKey: 'key', baseUrl: 'https://models.example', name: 'm' });
  });

  it.each([
    [{ SLACK_APP_TOKEN: 'xapp-1' }, /SLACK_APP_TOKEN is set and SLACK_BOT_TOKEN is not/],
    [{ SLACK_BOT_TOKEN: 'xoxb-1' }, /SLACK_BOT_TOKEN is set and SLACK_APP_TOKEN is not/],
    [{ SLACK_APP_TOKEN: 'xoxb-1', SLACK_BOT_TOKEN: 'xapp-1' }, /SLACK_APP_TOKEN: an app-level token starts with xapp-/],
    [{ DATABASE_URL: 'mysql://db' }, /DATABASE_URL: must be postgres:/],
    [{ DATABASE_URL: 'postgres:///only-a-name' }, /DATABASE_URL: must name a host/],
    [{ ANTHROPIC_BASE_URL: 'not an address' }, /ANTHROPIC_BASE_URL/],
  ])('%j is refused by name', (environment, message) => {
    expect(() => readSettings(environment)).toThrow(message);
  });

  it('a refusal never repeats a secret', () => {
    const secret = 'xoxp-something-secret';
    expect(() => readSettings({ SLACK_APP_TOKEN: 'xapp-1', SLACK_BOT_TOKEN: secret })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(secret) }),
    );
  });
});
