import type { Route } from '@linecard/linux';
import { parseCidr } from '@linecard/wire';
import { describe, expect, it } from 'vitest';
import { judgeNode } from './machine.js';
import { routeTo } from './network.js';

describe('the version of Node', () => {
  it.each([
    ['20.19.0', 'ok'],
    ['22.0.0', 'ok'],
    ['20.18.3', 'fail'],
    ['18.19.0', 'fail'],
  ])('%s is %s', (version, verdict) => expect(judgeNode(version).verdict).toBe(verdict));
});

describe('the way to the other end of a tunnel', () => {
  const route = (destination: string, ifindex: number, metric = 0): Route => ({
    destination: parseCidr(destination),
    gateway: undefined,
    ifindex,
    metric,
    table: 254,
  });

  it('is the most specific route, and of those the one with the lowest metric', () => {
    const routes = [route('0.0.0.0/0', 1), route('10.1.0.0/16', 2, 100), route('10.1.0.0/16', 3), route('::/0', 4)];
    expect(routeTo(routes, '10.1.2.3')?.ifindex).toBe(3);
    expect(routeTo(routes, '192.0.2.1')?.ifindex).toBe(1);
    expect(routeTo(routes, '2001:db8::1')?.ifindex).toBe(4);
    expect(routeTo([], '192.0.2.1')).toBeUndefined();
  });
});
