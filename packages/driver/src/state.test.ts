import { expect, it } from 'vitest';
import { maxOfport } from './network-options.js';
import type { Port } from './records.js';
import { State } from './state.js';

const port = (digit: string, ofport: number, bridge = 'br0'): Port => ({
  kind: 'endpoint',
  id: digit.repeat(64),
  link: `lcv${digit.repeat(12)}`,
  bridge,
  ofport,
  mac: '',
  addresses: [],
  options: {},
  portMap: [],
});
const none = () => false;

it('gives the lowest number that no port, seat, attachment or stranger has', () => {
  const state = new State();
  state.setPort(port('1', 1));
  state.setPort(port('a', 2, 'br1'));
  state.seats('br0').take('web', 2, 'c1');
  expect(state.freeNumber('br0', (ofport) => ofport === 3)).toBe(4);
  expect(state.freeNumber('br1', none)).toBe(1);
  state.deletePort('1'.repeat(64));
  expect(state.freeNumber('br0', none)).toBe(1);
});

it('gives a number again as soon as its port has gone or has another', () => {
  const state = new State();
  for (const n of [1, 2, 3, 4, 5]) state.setPort(port(String(n), n));
  expect(state.freeNumber('br0', none)).toBe(6);
  state.deletePort('4'.repeat(64));
  expect(state.freeNumber('br0', none)).toBe(4);
  state.setPort(port('2', 9));
  expect(state.freeNumber('br0', none)).toBe(2);
  expect(state.freeNumber('br0', (ofport) => ofport === 2)).toBe(4);
});

it('says when a bridge is full', () => {
  expect(() => new State().freeNumber('br0', () => true)).toThrow(
    expect.objectContaining({
      code: 'LC_CONFLICT',
      message: `all ${maxOfport} OpenFlow port numbers of bridge br0 are taken`,
    }),
  );
});

it('finds ports by bridge, number and interface, through every change', () => {
  const state = new State();
  state.setPort(port('1', 1));
  state.setPort(port('2', 2));
  // Two ports change places: for a moment both have one number.
  state.setPort(port('1', 2));
  state.setPort(port('2', 1));
  // One gets another link.
  state.setPort({ ...port('1', 2), link: 'lcv333333333333' });
  expect(state.portAt('br0', 1)?.id).toBe('2'.repeat(64));
  expect(state.portAt('br0', 2)?.id).toBe('1'.repeat(64));
  expect(state.portOfInterface('lcv333333333333')?.ofport).toBe(2);
  expect(state.portOfInterface('lcv111111111111')).toBeUndefined();
  expect(state.portsOn('br0')).toHaveLength(2);
  state.deleteBridge('br0');
  expect(state.ports.size).toBe(0);
  expect(state.portAt('br0', 1)).toBeUndefined();
  expect(state.portOfInterface('lcv333333333333')).toBeUndefined();
});

it('changes what is known of a port by now, and nothing of one that is gone', () => {
  const state = new State();
  const id = '1'.repeat(64);
  state.setPort(port('1', 1));
  state.changePort(id, (now) => ({ ...now, ofport: 7 }));
  expect(state.changePort(id, (now) => ({ ...now, sandbox: '/run/netns/1' }))).toBe(true);
  expect(state.portAt('br0', 7)).toEqual({ ...port('1', 7), sandbox: '/run/netns/1' });
  state.deletePort(id);
  expect(state.changePort(id, (now) => now)).toBe(false);
  expect(state.ports.size).toBe(0);
});
