// The least that a port on Open vSwitch can cost: one process, a veth pair by rtnetlink, one OVSDB transaction, and the
// monitor's news of the OpenFlow port. No requests, no memory, no errors, no restarts. Also the same work done by the
// commands that a script has.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LinkReaper, Netlink } from '@linecard/linux';
import { OvsdbSession, Replica, Transaction, vswitch } from '@linecard/ovsdb';

const run = promisify(execFile);
const endpoint = 'unix:/run/openvswitch/db.sock';
const patience = { timeoutMs: 60_000, what: 'ovs-vswitchd' };

export class Floor {
  #net = Netlink.open();
  #reaper = new LinkReaper();
  #session = new OvsdbSession({ endpoint });
  #copy = new Replica(this.#session, vswitch, {
    Open_vSwitch: ['cur_cfg'],
    Bridge: ['name'],
    Interface: ['name', 'ofport'],
  });
  #interfaces = this.#copy.byColumn('Interface', 'name');

  static async open() {
    const floor = new Floor();
    floor.#session.start();
    await floor.#copy.waitSynced(10_000);
    return floor;
  }

  async close() {
    this.#net.close();
    await this.#reaper.close();
    this.#copy.close();
    await this.#session.close();
  }

  async attach(bridge, name, ids) {
    await this.attachMany(bridge, [name], ids);
  }

  /** All in one transaction. Checksums are left as they are: turning them off is one request more. */
  async attachMany(bridge, names, ids = {}) {
    for (const name of names) await this.#net.createVeth({ name, peer: `${name}p`, mtu: 1500, up: true });
    const external_ids = new Map(Object.entries({ owner: 'floor', ...ids }));
    const tx = new Transaction(this.#session, vswitch);
    const ports = names.map((name) => {
      const row = tx.insert('Interface', { name, external_ids });
      return tx.insert('Port', { name, interfaces: [row] });
    });
    tx.mutate('Bridge', [['name', '==', bridge]], [['ports', 'insert', ports]]);
    await tx.commit();
    const ready = () => names.every((name) => this.#interfaces.one(name)?.ofport > 0) || undefined;
    await this.#copy.waitFor(ready, patience);
  }

  /** Removes ports in one transaction; the links go afterwards. Returns how long the transaction took, in ms. */
  async detachMany(bridge, names) {
    const tx = new Transaction(this.#session, vswitch);
    const found = names.map((name) => tx.select('Port', [['name', '==', name]], []));
    const rows = await tx.commit();
    const ports = found.map((one) => rows.get(one)[0]._uuid);
    const removal = new Transaction(this.#session, vswitch);
    removal.mutate('Bridge', [['name', '==', bridge]], [['ports', 'delete', ports]]);
    const start = performance.now();
    await removal.commit();
    return performance.now() - start;
  }

  detach(bridge, name) {
    return this.detachMany(bridge, [name]);
  }

  /** Removes links, and waits until ovs-vswitchd has nothing to do and the kernel has no link that is going. */
  async settle(...gone) {
    await this.#reaper.remove(gone);
    const tx = new Transaction(this.#session, vswitch);
    const next = tx.increment('Open_vSwitch', [], 'next_cfg');
    const wanted = (await tx.commit()).get(next);
    const caughtUp = () => [...this.#copy.table('Open_vSwitch').values()].some((row) => row.cur_cfg >= wanted);
    await this.#copy.waitFor(() => caughtUp() || undefined, patience);
    await new Promise((resolve) => setTimeout(resolve, 30)); // what watches the kernel has heard of it, too
  }
}

/** The same port by `ip`, `ethtool` and `ovs-vsctl`, one after the other. */
export async function forkedAttach(bridge, name, { mac, ofport }) {
  await run('ip', ['link', 'add', name, 'mtu', '1500', 'type', 'veth', 'peer', 'name', `${name}p`, 'mtu', '1500']);
  await run('ip', ['link', 'set', `${name}p`, 'address', mac]);
  await run('ip', ['link', 'set', name, 'up']);
  await run('ethtool', ['-K', `${name}p`, 'tx', 'off']);
  await run('ovs-vsctl', [
    ...['--may-exist', 'add-port', bridge, name, '--', 'set', 'Interface', name, `ofport_request=${ofport}`],
    ...['external_ids:owner=forked', `external_ids:mac=${mac}`],
  ]);
  await run('ovs-vsctl', ['get', 'Interface', name, 'ofport']);
}

export async function forkedDetach(bridge, name) {
  await run('ovs-vsctl', ['--if-exists', 'del-port', bridge, name]);
  await run('ip', ['link', 'del', name]);
}
