import { once } from 'node:events';
import { type Action, ports, type Version } from '@linecard/openflow';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bed } from '../testing/bed.js';
import type { ModelSwitch } from '../testing/model-switch.js';
import type { FlowSpec } from './flow-spec.js';
import type { SwitchSession } from './switch-session.js';

const out = (port: number): Action[] => [{ type: 'output', port }];
const toHost = (mac: number, port: number): FlowSpec => ({
  priority: 10,
  match: [{ field: 'eth_dst', value: mac }],
  actions: out(port),
});
const mine = { cookie: 1n };

let bed: Bed;
beforeEach(async () => {
  bed = await Bed.make();
});
afterEach(() => bed.close());

/** The flow-mods that came since the last call. */
function changes(model: ModelSwitch): string[] {
  const log = model.log.filter((entry) => entry.startsWith('flow_mod') || entry === 'bundle_add_message');
  model.log.length = 0;
  return log;
}

describe.each<Version>([1, 4, 5])('flows of version %i', (version) => {
  let model: ModelSwitch;
  let sw: SwitchSession;
  beforeEach(async () => {
    ({ model, sw } = await bed.up({ version }));
  });

  it('are added, and applied again unchanged send nothing', async () => {
    const wanted = [toHost(1, 1), toHost(2, 2), { priority: 0, actions: out(ports.controller) }];
    expect(await sw.flows.apply(wanted, mine)).toEqual({ added: 3, modified: 0, deleted: 0, unchanged: 0 });
    expect(model.dump()).toEqual([
      'priority=10,eth_dst=1 actions=output:1',
      'priority=10,eth_dst=2 actions=output:2',
      'priority=0 actions=CONTROLLER',
    ]);
    changes(model);
    expect(await sw.flows.apply([...wanted].reverse(), mine)).toMatchObject({ added: 0, modified: 0, unchanged: 3 });
    expect(changes(model)).toEqual([]);
  });

  it('change by the difference, and the table is never empty', async () => {
    await sw.flows.apply([toHost(1, 1), toHost(2, 2)], mine);
    changes(model);
    model.leastFlows = Number.POSITIVE_INFINITY;
    const done = await sw.flows.apply([toHost(2, 3), toHost(3, 3)], mine);
    expect(done).toEqual({ added: 1, modified: 1, deleted: 1, unchanged: 0 });
    expect(model.dump()).toEqual(['priority=10,eth_dst=2 actions=output:3', 'priority=10,eth_dst=3 actions=output:3']);
    expect(changes(model)).toHaveLength(3);
    expect(model.leastFlows).toBe(2);
  });

  it('are replaced when a timeout differs, since that cannot be modified', async () => {
    await sw.flows.apply([toHost(1, 1)], mine);
    expect(await sw.flows.apply([{ ...toHost(1, 1), idleTimeout: 9 }], mine)).toMatchObject({ added: 1, deleted: 0 });
    expect(model.flows).toMatchObject([{ idle_timeout: 9 }]);
  });

  it('of other owners stay', async () => {
    await sw.flows.apply([toHost(1, 1)], { cookie: 2n });
    await sw.flows.apply([toHost(2, 2)], mine);
    await sw.flows.apply([], mine);
    expect(model.dump()).toEqual(['priority=10,eth_dst=1 actions=output:1']);
    expect(await sw.flows.installed()).toHaveLength(1);
    expect(await sw.flows.installed(mine)).toEqual([]);
  });

  it('come back with the switch', async () => {
    await sw.flows.apply([toHost(1, 1)], mine);
    await sw.flows.apply([toHost(2, 2)], { cookie: 2n, remember: false });
    model.socket.destroy();
    await once(bed.controller, 'down');
    const again = await bed.up({ version });
    expect(again.model.dump()).toEqual(['priority=10,eth_dst=1 actions=output:1']);
  });

  it('are changed one call after another', async () => {
    const calls = [1, 2, 3].map((port) => sw.flows.apply([toHost(1, port)], mine));
    await Promise.all(calls);
    expect(model.dump()).toEqual(['priority=10,eth_dst=1 actions=output:3']);
  });
});

it('flows that contradict each other are refused before anything is sent', async () => {
  const { sw } = await bed.up();
  expect(() => sw.flows.apply([toHost(1, 1), toHost(1, 2)], mine)).toThrow('two flows with the same table');
  expect(() => sw.flows.apply([{ table: 3 }], { cookie: 1n, table: 2 })).toThrow('table 3 among those of table 2');
});

it.each<Version>([1, 4])('that the switch refuses are an error that names the first, version %i', async (version) => {
  const { sw } = await bed.up({ version });
  await expect(sw.flows.apply([toHost(1, 1), { ...toHost(2, 1), priority: 666 }], mine)).rejects.toThrow(
    /refused 1 of 2 flow changes, the first with \w+: add cookie=0x1,priority=666,dl_dst=00:00:00:00:00:02 actions=output:1/,
  );
});

it('may be lines of ovs-ofctl', async () => {
  const { model, sw } = await bed.up();
  await sw.flows.apply(['priority=30,arp actions=FLOOD', 'priority=20,in_port=1 actions=drop'], mine);
  expect(model.dump()).toEqual(['priority=30,eth_type=806 actions=FLOOD', 'priority=20,in_port=1 actions=drop']);
  expect(() => sw.flows.apply(['cookie=5,arp actions=drop'], mine)).toThrow(/cookie/);
});

it('masks that say nothing make no difference', async () => {
  const { model, sw } = await bed.up();
  await sw.flows.apply([toHost(1, 1)], mine);
  changes(model);
  const match = [
    { field: 'eth_dst', value: 1, mask: 0xffff_ffff_ffff },
    { field: 'ipv4_src', value: 9, mask: 0 },
  ] as const;
  expect(await sw.flows.apply([{ ...toHost(1, 1), match }], mine)).toMatchObject({ unchanged: 1 });
});
