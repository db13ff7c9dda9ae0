/** The hosts of Slack's files (docs.slack.dev, "Working with files"). */
const FILE_HOSTS = ['files.slack.com', 'slack-files.com', 'files-origin.slack.com'];
const SLACK_API = 'slack.com';

/**
 * Whether a file may be fetched from or sent to an address. The bot token is sent along, so only Slack's own hosts by
 * HTTPS are allowed. With another server of the same API (`SLACK_API_URL`), only that server is allowed.
 */
export function isSlackFileHost(address: string, apiUrl: string): boolean {
  return isOfSlack(address, apiUrl, (host) => FILE_HOSTS.includes(host) || host.endsWith('.slack.com'));
}

/**
 * Whether an address may be told what takes the place of a message: Slack's own, by HTTPS, or the other server of the same API
 * (`SLACK_API_URL`).
 */
export function isResponseUrl(address: string, apiUrl: string): boolean {
  return isOfSlack(address, apiUrl, (host) => host === 'hooks.slack.com');
}

function isOfSlack(address: string, apiUrl: string, isHost: (host: string) => boolean): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  const api = new URL(apiUrl);
  if (url.username || url.password) return false;
  if (api.hostname !== SLACK_API) return url.origin === api.origin;
  return url.protocol === 'https:' && url.port === '' && isHost(url.hostname);
}
