import { isSlackFileHost } from '../../../slack/api/slack-hosts.ts';

const SLACK = 'https://slack.com/api/';
const SIMULATOR = 'http://127.0.0.1:4100/api/';

test.each([
  ['https://files.slack.com/files-pri/T1-F1/download/a.csv', SLACK, true],
  ['https://acme.slack.com/files/x', SLACK, true],
  ['https://slack-files.com/T1-F1', SLACK, true],
  ['http://files.slack.com/x', SLACK, false],
  ['https://files.slack.com:8443/x', SLACK, false],
  ['https://files.slack.com.evil.test/x', SLACK, false],
  ['https://evil-slack.com/x', SLACK, false],
  ['https://user@files.slack.com/x', SLACK, false],
  ['http://169.254.169.254/latest', SLACK, false],
  ['not an address', SLACK, false],
  ['http://127.0.0.1:4100/files/x', SIMULATOR, true],
  ['http://127.0.0.1:4101/files/x', SIMULATOR, false],
  ['https://files.slack.com/x', SIMULATOR, false],
])('%s with the API at %s: %p', (address, api, allowed) => {
  expect(isSlackFileHost(address, api)).toBe(allowed);
});
