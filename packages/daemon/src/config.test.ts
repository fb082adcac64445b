import { describe, expect, it } from 'vitest';
import { parseListen, parseSocketPath, readConfig } from './config.js';

describe('the address to listen on', () => {
  it('is read with IPv4, IPv6 or off', () => {
    expect(parseListen('127.0.0.1:9401')).toEqual({ host: '127.0.0.1', port: 9401 });
    expect(parseListen('[::1]:0')).toEqual({ host: '::1', port: 0 });
    expect(parseListen('off')).toBeUndefined();
  });

  it.each(['', '9401', 'localhost:9401', '127.0.0.1', '127.0.0.1:99999', '::1:9401', '127.0.0.1:9401 '])(
    'is refused as "%s"',
    (text) => expect(() => parseListen(text)).toThrow(/not an address to listen on/),
  );
});

describe('a socket', () => {
  it('may be written as DOCKER_HOST is', () => {
    expect(parseSocketPath('unix:///run/docker.sock')).toBe('/run/docker.sock');
    expect(parseSocketPath('/run/docker.sock')).toBe('/run/docker.sock');
    expect(() => parseSocketPath('tcp://10.0.0.1:2375')).toThrow(/not the path of a unix socket/);
  });
});

describe('the configuration', () => {
  it('has defaults that are safe', () => {
    expect(readConfig({}, {})).toMatchObject({
      ovsdb: 'unix:/run/openvswitch/db.sock',
      dockerSocket: '/var/run/docker.sock',
      controlSocket: '/run/linecard/linecard.sock',
      listen: { host: '127.0.0.1', port: 9401 },
      graceMs: 20_000,
      hostGraceMs: 300_000,
    });
  });

  it('takes what it is told before what the environment says', () => {
    const env = { DOCKER_HOST: 'unix:///a.sock', LINECARD_GRACE_MS: '50' };
    expect(readConfig({}, env)).toMatchObject({ dockerSocket: '/a.sock', graceMs: 50 });
    expect(readConfig({ docker: '/b.sock' }, env)).toMatchObject({ dockerSocket: '/b.sock' });
    expect(() => readConfig({}, { LINECARD_GRACE_MS: 'soon' })).toThrow(/LINECARD_GRACE_MS="soon"/);
  });

  it('lets every step pass unless a test says where to die', () => {
    expect(() => readConfig({}, {}).checkpoint('link-created')).not.toThrow();
    expect(() => readConfig({}, { LINECARD_TEST_CRASH: 'link-created:2' }).checkpoint('link-created')).not.toThrow();
  });
});
