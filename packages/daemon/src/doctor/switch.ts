import { dirname } from 'node:path';
import { tapHasOffloads } from '@linecard/linux';
import { Unixctl } from '@linecard/ovsdb';
import { explain } from '@linecard/wire';
import { fail, ok, type Patient, type Probe, type Verdict, warn } from './probe.js';

const startOvs = 'systemctl start openvswitch-switch, or /usr/share/openvswitch/scripts/ovs-ctl start';

async function lookAtDatabase({ host: { ovs } }: Patient): Promise<Verdict[]> {
  if (ovs.ready) return [ok(`ovsdb-server answers on ${ovs.session.endpoint}`)];
  return [fail(explain(ovs.session.lastError ?? 'ovsdb-server has not answered'), startOvs)];
}

/** Asks the daemon itself where that is possible: the database would tell what it was when it ran. */
async function lookAtVswitchd({ host: { ovs } }: Patient): Promise<Verdict[]> {
  const path = /^unix:(.+)$/.exec(ovs.session.endpoint)?.[1];
  if (path === undefined) {
    await ovs.settled(5000);
    return [ok('ovs-vswitchd applies its configuration')];
  }
  try {
    const control = new Unixctl(await Unixctl.pathOf(dirname(path), 'ovs-vswitchd'));
    const version = await control.call('version', [], { timeoutMs: 5000 });
    await control.close();
    return [ok(version.trim().split('\n')[0] ?? 'ovs-vswitchd answers')];
  } catch (error) {
    return [fail(explain(error), startOvs)];
  }
}

async function lookAtDatapath({ host }: Patient): Promise<Verdict[]> {
  const userspace = userspaceBridges(host);
  if (await host.net.hasGenlFamily('ovs_datapath')) {
    const rest = userspace.length > 0 ? `; in userspace by choice: ${userspace.join(', ')}` : '';
    return [ok(`the kernel has the datapath of Open vSwitch${rest}`)];
  }
  const text = 'the kernel has no datapath of Open vSwitch: packets pass through ovs-vswitchd, in userspace';
  return [warn(text, 'modprobe openvswitch, where the kernel has the module; else see ovs.tso')];
}

function userspaceBridges({ ovs }: Patient['host']): string[] {
  return [...ovs.view.bridges()].filter((bridge) => bridge.datapath_type === 'netdev').map(({ name }) => name);
}

const enableTso =
  'ovs-vsctl set Open_vSwitch . other_config:userspace-tso-enable=true, then restart openvswitch-switch';

/** Numbers: two containers of one bridge, TCP, measured on two cores; a Linux bridge did 11.9 Gbit/s there. */
async function lookAtTso({ host }: Patient): Promise<Verdict[]> {
  const { ovs, net } = host;
  const bridges = userspaceBridges(host);
  if (bridges.length === 0 && (await net.hasGenlFamily('ovs_datapath'))) return [];
  const wanted = ovs.view.root()?.other_config.get('userspace-tso-enable') === 'true';
  const first = bridges[0];
  const inForce = first === undefined ? wanted : tapHasOffloads(first);
  if (inForce) return [ok('TCP segmentation offload is on: about 4.8 Gbit/s between two containers instead of 0.8')];
  if (wanted) {
    return [warn('userspace-tso-enable is set, but ovs-vswitchd has not read it', 'restart openvswitch-switch')];
  }
  const cost =
    'TCP segmentation offload is off: about 0.8 Gbit/s between two containers instead of 4.8; ' +
    'Linecard turns checksum offload off on their interfaces, without which TCP would deliver nothing';
  return [warn(cost, enableTso)];
}

async function lookAtInterfaces({ host: { ovs } }: Patient): Promise<Verdict[]> {
  const broken = [...ovs.view.replica.table('Interface').values()].filter(({ error }) => error);
  if (broken.length === 0) return [ok('no interface of Open vSwitch reports an error')];
  return broken.map(({ name, error }) =>
    warn(`interface ${name}: ${error}`, `remove it if nobody needs it: ovs-vsctl del-port ${name}`),
  );
}

/** Whether Open vSwitch is there and what it is made of. */
export const switchProbes: readonly Probe[] = [
  { check: 'ovs.database', look: lookAtDatabase },
  { check: 'ovs.vswitchd', look: lookAtVswitchd },
  { check: 'ovs.datapath', look: lookAtDatapath },
  { check: 'ovs.tso', look: lookAtTso },
  { check: 'ovs.interfaces', look: lookAtInterfaces },
];
