import { expect, it } from 'vitest';
import { parsePorts } from './ports.js';

const shown = (text: string) =>
  parsePorts(text).map(({ address, hostPort, port, protocol }) => `${address}|${hostPort ?? ''}|${port}/${protocol}`);

it.each([
  ['80', ['||80/tcp']],
  ['8080:80', ['|8080|80/tcp']],
  ['127.0.0.1:53:5353/udp', ['127.0.0.1|53|5353/udp']],
  ['127.0.0.1::53', ['127.0.0.1||53/tcp']],
  ['[::1]:53:53', ['::1|53|53/tcp']],
  ['8000-8001:80-81', ['|8000|80/tcp', '|8001|81/tcp']],
])('parses %s', (text, wanted) => expect(shown(text)).toEqual(wanted));

it.each(['', 'x', '80:', '0', '70000:80', '80/icmp', '8000-8001:80', '81-80', 'web:80:80', '1:2:3:4'])(
  'refuses %j',
  (text) => expect(() => parsePorts(text)).toThrow(/is not a port to publish/),
);
