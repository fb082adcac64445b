import type { Netlink } from '@linecard/linux';
import {
  editMachineBack,
  editMachineHost,
  isMachineRemoved,
  type Machine,
  machinesOf,
  type NorthboundChange,
} from '@linecard/ovn';
import type { OpenvSwitch, SwitchChange } from '@linecard/switch';
import { type Attempt, type LoopHooks, ReconcileLoop } from '../reconcile-loop.js';
import type { Central, CentralLink } from './central.js';
import { machineId, machinePrefix, readMachineId } from './records.js';

/** What the ports of machines are kept with. */
export interface MachinesParts {
  readonly ovs: OpenvSwitch;
  readonly net: Netlink;
  readonly central: CentralLink;
}

/** The logical port that an interface is for which Linecard has not made: a machine's, perhaps. */
function pluggedPort(ids: ReadonlyMap<string, string> | undefined): string | undefined {
  return ids?.has('linecard') ? undefined : ids?.get('iface-id');
}

function isPlug({ table, old, new: row }: SwitchChange): boolean {
  if (table !== 'Interface') return false;
  const [before, now] = [old?.external_ids, row?.external_ids];
  return before !== now && (pluggedPort(before) ?? pluggedPort(now)) !== undefined;
}

/**
 * Gives the northbound database the ports of virtual machines back that it has lost. Each port has one host that
 * remembers it, named in its `host`: the one where it was made, until the machine is plugged into another.
 */
export class Machines extends ReconcileLoop<LoopHooks> {
  readonly #parts: MachinesParts;
  /** The machines that this host has become the host of since they were plugged in: once, should two hosts have one. */
  readonly #taken = new Set<string>();

  constructor(parts: MachinesParts, hooks: LoopHooks) {
    super(parts, hooks);
    this.#parts = parts;
    const { replica } = parts.ovs.view;
    const onChange = (changes: readonly SwitchChange[]) => {
      if (changes.some(isPlug)) this.schedule();
    };
    replica.on('change', onChange);
    this.cleanups.push(() => void replica.off('change', onChange));
  }

  protected concerns(): boolean {
    return false;
  }

  /** Told of every change in the northbound database: of machines, and of switches for those that wait for theirs. */
  noticed(changes: readonly NorthboundChange[]): void {
    const isCause = ({ table, old, new: row }: NorthboundChange) => {
      if (table === 'Logical_Switch') return old === undefined;
      return table === 'Logical_Switch_Port' && (row ?? old)?.external_ids.get('linecard') === 'machine';
    };
    if (changes.some(isCause)) this.schedule();
  }

  protected async look(attempt: Attempt): Promise<void> {
    const { ovs, central } = this.#parts;
    const { current } = central;
    if (!ovs.ready || current === undefined || !current.nb.ready) return;
    await current.addresses.settle();
    const { nb, settings } = current;
    const { host, bridge } = settings;
    const remembered = this.#remembered(bridge);
    const plugged = new Set(ovs.view.interfacesOf(bridge).map((row) => pluggedPort(row.external_ids)));
    for (const name of [...this.#taken].filter((one) => !plugged.has(one))) this.#taken.delete(name);
    for (const machine of machinesOf(nb)) {
      const { name } = machine;
      const comes = plugged.has(name) && !this.#taken.has(name);
      const known = remembered.get(name);
      remembered.delete(name);
      if (machine.host !== host && !comes) {
        if (known !== undefined) await attempt(`forget machine ${name}`, () => forgetMachine(ovs, bridge, name));
        continue;
      }
      if (plugged.has(name)) this.#taken.add(name);
      await attempt(`remember machine ${name}`, () => this.#keep(machine, current));
    }
    for (const machine of remembered.values()) {
      await attempt(`give machine ${machine.name} its port back`, () => this.#giveBack(machine, current));
    }
  }

  #remembered(bridge: string): Map<string, Machine> {
    const found = new Map<string, Machine>();
    for (const [key, text] of this.#parts.ovs.view.bridge(bridge)?.external_ids ?? []) {
      if (!key.startsWith(machinePrefix)) continue;
      try {
        const machine = readMachineId(key, text);
        found.set(machine.name, machine);
      } catch (error) {
        this.hooks.onError('read the machines of this host from OVSDB', error);
      }
    }
    return found;
  }

  /** Remembers first: what another host forgets when it sees that this one is the host, somebody knows then. */
  async #keep(machine: Machine, { nb, settings: { host, bridge } }: Central): Promise<void> {
    const kept = { ...machine, host };
    await this.#parts.ovs.commit((edit) => edit.setIds('Bridge', bridge, new Map([machineId(kept)])));
    if (machine.host === host) return;
    await nb.write((tx) => editMachineHost(nb, tx, machine.name, host), { what: `keep machine ${machine.name}` });
  }

  async #giveBack(machine: Machine, { nb, addresses, settings }: Central): Promise<void> {
    if (isMachineRemoved(addresses, machine)) {
      await forgetMachine(this.#parts.ovs, settings.bridge, machine.name);
      return;
    }
    // Its switch comes back with the network of a host that has it, and its coming leads here again.
    if (nb.switch(machine.switch) === undefined) return;
    const what = `give machine ${machine.name} its port back`;
    await nb.write((tx) => editMachineBack(nb, tx, addresses, { ...machine, host: settings.host }), { what });
  }
}

/** Takes a machine out of this host's memory. */
export async function forgetMachine(ovs: OpenvSwitch, bridge: string, name: string): Promise<void> {
  await ovs.commit((edit) => edit.setIds('Bridge', bridge, new Map(), [machinePrefix + name]));
}
