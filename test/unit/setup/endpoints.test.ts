import { EMPTY_DOCUMENT } from '../../../access/document.ts';
import { endpointsOf } from '../../../setup/doctor/endpoints.ts';
import { readSettings } from '../../../setup/settings.ts';
import { isSlackFileHost } from '../../../slack/api/slack-hosts.ts';
import { connection, documentOf, domain } from '../../support/access-document.ts';

const NOTHING = { temporal: undefined, wayOut: undefined, dockerHost: undefined, access: EMPTY_DOCUMENT, fetching: [] };

describe('the addresses a network team opens', () => {
  it('are none for the demo, which runs on this machine', () => {
    expect(endpointsOf({ ...NOTHING, settings: readSettings({}) })).toEqual([]);
  });

  it('follow from the configuration', () => {
    const settings = readSettings({
      DATABASE_URL: 'postgres://u:p@db.example/bellhop',
      SLACK_APP_TOKEN: 'xapp-1',
      SLACK_BOT_TOKEN: 'xoxb-1',
      ANTHROPIC_API_KEY: 'key',
    });
    const found = endpointsOf({
      ...NOTHING,
      settings,
      temporal: 'temporal.example:7233',
      dockerHost: 'tcp://engine.example:2376',
    });
    expect(found.map(({ to }) => to)).toEqual([
      'slack.com:443',
      'wss-primary.slack.com:443',
      'wss-backup.slack.com:443',
      'files.slack.com:443',
      'slack-files.com:443',
      'files-origin.slack.com:443',
      'api.anthropic.com:443',
      'temporal.example:7233',
      'db.example:5432',
      'engine.example:2376',
    ]);
  });

  it('have every host in them that Slack may keep a file on', () => {
    const settings = readSettings({ SLACK_APP_TOKEN: 'xapp-1', SLACK_BOT_TOKEN: 'xoxb-1' });
    const files = endpointsOf({ ...NOTHING, settings }).filter(({ purpose }) => purpose.startsWith('files'));
    expect(files.map(({ to }) => isSlackFileHost(`https://${to}/x`, 'https://slack.com/api/'))).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('begin with the HTTP proxy that is set, without its password', () => {
    const wayOut = 'http://me:secret@proxy.example:3128';
    const [first] = endpointsOf({ ...NOTHING, settings: readSettings({}), wayOut });
    expect(first).toMatchObject({ to: 'proxy.example:3128', from: 'gateway, agent worker, set-up' });
  });

  it('name what sandboxes may reach once each, without what is on this machine', () => {
    const access = documentOf({
      organization: {
        connections: [connection('crm', 'crm.example')],
        domains: [
          domain('crm.example'),
          domain('*.docs.example', { port: 8443 }),
          domain('api.acme.test', { addresses: [{ range: '127.0.0.1/32', port: 7443 }] }),
        ],
      },
    });
    const found = endpointsOf({ ...NOTHING, settings: readSettings({}), access });
    expect(found.map(({ to, from }) => [to, from])).toEqual([
      ['*.docs.example:8443', 'proxy'],
      ['crm.example:443', 'proxy'],
    ]);
  });
});
