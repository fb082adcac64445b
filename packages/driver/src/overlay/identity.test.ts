import { EventEmitter } from 'node:events';
import type { CreateNetworkRequest, DockerEngine, DockerWatch } from '@linecard/docker';
import type { Netlink } from '@linecard/linux';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DockerDriver } from '../docker-driver.js';
import { HostPorts } from '../host-ports.js';
import type { OverlayFabric } from './fabric.js';
import { OverlayIdentity } from './identity.js';
import { OverlayBackend } from './overlay-backend.js';
import type { OverlayIpam } from './overlay-ipam.js';
import type { OverlayReconciler } from './reconciler.js';
import type { OverlayNetwork, OverlayPort } from './records.js';
import { OverlayState } from './state.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const request = {
  NetworkID: 'n1',
  Options: { generic: {}, internal: false },
  IPv4Data: [{ AddressSpace: '', Pool: '10.0.0.0/24', Gateway: '10.0.0.1/24', AuxAddresses: {} }],
  IPv6Data: [],
} as unknown as CreateNetworkRequest;

type Again = (driver: DockerDriver<OverlayNetwork, OverlayPort>) => Promise<void>;
const nothing: Again = async () => undefined;

/**
 * Whether a host removes a network that its Docker has forgotten; things happen between the first look and the second,
 * after the grace period, and while Docker says in the second one what it has.
 */
async function collected({
  between = nothing,
  during = nothing,
}: {
  between?: Again;
  during?: Again;
}): Promise<boolean> {
  const state = new OverlayState();
  const central = { nb: { write: async () => undefined }, settings: { host: 'h1', bridge: 'br-int' } };
  const fabric = {
    parts: { state, central: { current: central }, checkpoint: () => undefined },
    firewall: { sync: async () => undefined },
    exits: () => new Set(),
    links: { trim: async () => undefined },
    makeNetwork: async () => undefined,
    forgetNetwork: async () => undefined,
    removeExits: async () => undefined,
  } as unknown as OverlayFabric;
  const reconciler = {
    ready: async () => central,
    guarded: (_: string, work: () => Promise<void>) => work(),
    schedule: () => undefined,
    idle: async () => undefined,
  } as unknown as OverlayReconciler;
  const ipam = { opened: () => undefined } as unknown as OverlayIpam;
  const driver = new DockerDriver(new OverlayBackend({ fabric, reconciler, ipam }), new HostPorts());
  await driver.createNetwork(request);
  const watch = Object.assign(new EventEmitter(), { connected: true }) as unknown as DockerWatch;
  const onError = vi.fn();
  let looks = 0;
  const engine = {
    containers: async () => [],
    networks: async () => {
      looks += 1;
      if (looks === 2) await during(driver);
      return [];
    },
  } as unknown as DockerEngine;
  const identity = new OverlayIdentity({
    ...{ engine, watch, net: {} as Netlink, fabric, reconciler, driver, ipam },
    driverName: 'openvswitch',
    graceMs: 1000,
    onError,
    onIdentified: () => undefined,
  });
  identity.start();
  watch.emit('event', { type: 'network', action: 'destroy', id: 'n1', timeMs: 0, attributes: {} });
  await vi.advanceTimersByTimeAsync(500);
  await between(driver);
  await vi.advanceTimersByTimeAsync(1000);
  identity.close();
  expect([looks, onError.mock.calls]).toEqual([2, []]);
  return !state.networks.has('n1');
}

it('removes a network that Docker has forgotten', async () => {
  expect(await collected({})).toBe(true);
});

const again: Again = (driver) => driver.createNetwork(request);

it('keeps a network that a swarm asks for again', async () => {
  expect(await collected({ between: again })).toBe(false);
  expect(await collected({ during: again })).toBe(false);
});

it('keeps a network that a swarm is just asking for again', async () => {
  const asked: Promise<void>[] = [];
  const during: Again = async (driver) => void asked.push(again(driver));
  expect(await collected({ during })).toBe(false);
  await Promise.all(asked);
});
