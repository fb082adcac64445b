import { describe, expect, it } from 'vitest';
import { formatEndpoint, parseEndpoint } from './endpoint.js';

describe('endpoints', () => {
  it.each([
    ['tcp:127.0.0.1:6633', 'tcp:127.0.0.1:6633'],
    ['tcp:localhost', 'tcp:localhost:6653'],
    ['ssl:[::1]:1', 'tls:[::1]:1'],
    ['unix:/run/openvswitch/br0.mgmt', 'unix:/run/openvswitch/br0.mgmt'],
    ['punix:/run/x', 'unix:/run/x'],
    ['ptcp:', 'tcp:127.0.0.1:6653'],
    ['ptcp:6634', 'tcp:127.0.0.1:6634'],
    ['pssl:6634:[::]', 'tls:[::]:6634'],
  ])('reads %s', (text, canonical) => {
    expect(formatEndpoint(parseEndpoint(text))).toBe(canonical);
    expect(parseEndpoint(canonical)).toEqual(parseEndpoint(text));
  });

  it.each(['', 'tcp', 'tcp:', 'udp:1.2.3.4', 'unix:', 'tcp:a:b', 'tcp:h:70000', 'tcp:::1:6653'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseEndpoint(text)).toThrow(/not a place/);
    },
  );
});
