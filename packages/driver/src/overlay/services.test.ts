import type { DockerEngine, DockerNetwork, DockerWatch } from '@linecard/docker';
import { swarmUser } from '@linecard/ovn';
import { LinecardError } from '@linecard/wire';
import { afterEach, expect, it, vi } from 'vitest';
import type { Central } from './central.js';
import { Services } from './services.js';
import { OverlayState } from './state.js';
import type { SwarmNetworks } from './swarm.js';

afterEach(() => {
  vi.useRealTimers();
});

const network = {
  id: 'n1',
  scope: 'swarm',
  driver: 'linecard/openvswitch:latest',
  options: {},
  subnets: [],
} as unknown as DockerNetwork;

/** Lets a manager look once, and says which networks of the swarm it has removed. */
async function removed(lists: readonly (readonly DockerNetwork[])[], leaderless = false): Promise<string[]> {
  const { services, freed, done } = manager(lists, leaderless);
  services.look();
  await vi.waitFor(() => expect(done).toHaveBeenCalled());
  services.close();
  return freed;
}

/** A manager that lists these networks, one list after the other. */
function manager(lists: readonly (readonly DockerNetwork[])[], leaderless: boolean) {
  const freed: string[] = [];
  const left = [...lists];
  const row = { name: 'n1', external_ids: new Map([[`user:${swarmUser}/n1`, 's1']]) };
  const rows = new Map([['uuid', row]]);
  const table = (name: string) => (name === 'Logical_Switch' ? rows : new Map());
  const done = vi.fn();
  const engine = {
    info: async () => ({ swarm: true, swarmManager: true, swarmId: 's1' }),
    networks: async () => left.shift() ?? [],
    services: async () => {
      if (leaderless) throw new LinecardError('LC_DOCKER', 'the swarm does not have a leader');
      return [];
    },
    containers: async () => {
      done();
      return [];
    },
  };
  const services = new Services({
    engine: engine as unknown as DockerEngine,
    watch: {} as DockerWatch,
    state: new OverlayState(),
    networks: {
      freeNetwork: async ({ NetworkID }: { NetworkID: string }) => void freed.push(NetworkID),
    } as unknown as SwarmNetworks,
    driverName: 'linecard/openvswitch',
    ready: async () => ({ nb: { replica: { table, on: () => undefined } } }) as unknown as Central,
    onError: done,
  });
  return { services, freed, done };
}

it('removes a network that the swarm has no more', async () => {
  expect(await removed([[network]])).toEqual([]);
  expect(await removed([[], []])).toEqual(['n1']);
});

it('keeps a network that Docker leaves out of its list because the swarm has no leader', async () => {
  expect(await removed([[], []], true)).toEqual([]);
  expect(await removed([[], [network]])).toEqual([]);
});

it('looks again, after a growing while, when a look has failed', async () => {
  vi.useFakeTimers();
  const { services, done } = manager([], true);
  const failuresWithin = async (ms: number) => {
    done.mockClear();
    await vi.advanceTimersByTimeAsync(ms);
    return done.mock.calls.length;
  };
  services.look();
  expect(await failuresWithin(0)).toBe(1);
  expect(await failuresWithin(1000)).toBe(1);
  expect(await failuresWithin(1999)).toBe(0);
  expect(await failuresWithin(1)).toBe(1);
  services.close();
  expect(await failuresWithin(60_000)).toBe(0);
});
