import { findEngineAddress } from '../../../docker/engine-address.ts';

test('DOCKER_HOST names a socket or a host', () => {
  expect(findEngineAddress({ DOCKER_HOST: 'unix:///tmp/d.sock' }).options).toEqual({ socketPath: '/tmp/d.sock' });
  expect(findEngineAddress({ DOCKER_HOST: 'tcp://engine.test' }).options).toEqual({
    host: 'engine.test',
    port: 2375,
    protocol: 'http',
  });
  expect(findEngineAddress({ DOCKER_HOST: 'tcp://engine.test:99', DOCKER_TLS_VERIFY: '1' }).options).toMatchObject({
    port: 99,
    protocol: 'https',
  });
});

test('a DOCKER_HOST of another kind, and certificates that are not there, are named', () => {
  expect(() => findEngineAddress({ DOCKER_HOST: 'fd://' })).toThrow('DOCKER_HOST: fd:// is neither');
  const env = { DOCKER_HOST: 'tcp://e.test', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nowhere' };
  expect(() => findEngineAddress(env)).toThrow('DOCKER_CERT_PATH: /nowhere must hold ca.pem');
});
