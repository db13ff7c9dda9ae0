import { connectionsText, connectionText } from '../../../cli/connections/connections-text.ts';
import type { ConnectionDescription } from '../../../cli/connections/describe-connection.ts';

const NOW = new Date('2026-03-02T10:00:00Z');

function connection(changes: Partial<ConnectionDescription>): ConnectionDescription {
  return {
    name: 'warehouse',
    preset: null,
    kind: 'bearer',
    use: {},
    rules: [],
    hosts: ['api.acme.test'],
    attached: [],
    test: null,
    mcp: null,
    version: 1,
    since: NOW,
    expiresAt: null,
    used: null,
    refused: null,
    ...changes,
  };
}

test('says of a refusal that the proxy made it and why, because the host was not asked', () => {
  const refused = { at: NOW, code: 'inject_failed', status: 502, host: 'api.acme.test' };
  const shown = connection({ refused });
  const words = 'refused by the proxy 2026-03-02 10:00 UTC for api.acme.test (inject_failed)';
  expect(connectionsText([shown], NOW)).toContain(words);
  expect(connectionText(shown, NOW)).toContain('2026-03-02 10:00 UTC by the proxy, for api.acme.test (inject_failed)');
  expect(connectionText(shown, NOW)).not.toContain('502');
});

test('says of a use what the host answered', () => {
  const used = { at: NOW, code: 'ok', status: 401, host: 'api.acme.test' };
  expect(connectionText(connection({ used }), NOW)).toContain('2026-03-02 10:00 UTC at api.acme.test (401)');
});
