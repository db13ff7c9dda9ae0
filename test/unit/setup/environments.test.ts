import { type ChildKind, inheritedBy, temporalVariables } from '../../../workers/up/environments.ts';

const WHOLE = {
  PATH: '/usr/bin',
  HOME: '/home/me',
  LANG: 'C.UTF-8',
  EMPTY: '',
  DATABASE_URL: 'postgres://owner:secret@db/x',
  SLACK_APP_TOKEN: 'xapp-secret',
  SLACK_BOT_TOKEN: 'xoxb-secret',
  ANTHROPIC_API_KEY: 'secret',
  ACME_TOKEN: 'secret',
  AWS_SECRET_ACCESS_KEY: 'secret',
  GITHUB_TOKEN: 'secret',
  TEMPORAL_ADDRESS: 't:7233',
  TEMPORAL_API_KEY: 'secret',
  XDG_CONFIG_HOME: '/etc/me',
  HTTPS_PROXY: 'http://proxy:3128',
  DOCKER_HOST: 'unix:///x.sock',
  BELLHOP_TURN_STEPS: '5',
  BELLHOP_SANDBOX_RUNTIME: 'runc',
  BELLHOP_PRODUCTION: 'yes',
  npm_config_cache: '/cache',
  'npm_config_//registry/:_authToken': 'secret',
};

const KINDS: readonly ChildKind[] = ['local', 'dockerd', 'image', 'apply', 'proxy', 'gateway', 'agent', 'runner'];

describe('what children inherit', () => {
  it.each(KINDS)('%s gets no secret of the person who runs Bellhop', (kind) => {
    const given = inheritedBy(kind, WHOLE);
    expect(Object.values(given).filter((value) => value.includes('secret'))).toEqual([]);
    expect(given.PATH).toBe('/usr/bin');
  });

  it('each gets its own settings and not those of another', () => {
    expect(inheritedBy('agent', WHOLE)).toMatchObject({ BELLHOP_TURN_STEPS: '5', HTTPS_PROXY: 'http://proxy:3128' });
    expect(inheritedBy('agent', WHOLE)).not.toHaveProperty('DOCKER_HOST');
    expect(inheritedBy('runner', WHOLE)).toMatchObject({
      BELLHOP_SANDBOX_RUNTIME: 'runc',
      BELLHOP_PRODUCTION: 'yes',
      DOCKER_HOST: 'unix:///x.sock',
    });
    expect(inheritedBy('runner', WHOLE)).not.toHaveProperty('HTTPS_PROXY');
    expect(inheritedBy('proxy', WHOLE)).not.toHaveProperty('DOCKER_HOST');
    expect(Object.keys(inheritedBy('local', WHOLE))).toEqual(['PATH', 'LANG']);
  });

  it("Temporal's own variables go only where they are asked for", () => {
    expect(temporalVariables(WHOLE)).toEqual({
      TEMPORAL_ADDRESS: 't:7233',
      TEMPORAL_API_KEY: 'secret',
      HOME: '/home/me',
      XDG_CONFIG_HOME: '/etc/me',
    });
  });
});
