import { EMPTY_DOCUMENT } from '../../../access/document.ts';
import { endpointsOf } from '../../../setup/doctor/endpoints.ts';
import { readSettings } from '../../../setup/settings.ts';
import { connection, documentOf, domain } from '../../support/access-document.ts';

const NOTHING = { temporal: undefined, dockerHost: undefined, access: EMPTY_DOCUMENT, fetching: [] };

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
      'api.anthropic.com:443',
      'temporal.example:7233',
      'db.example:5432',
      'engine.example:2376',
    ]);
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
