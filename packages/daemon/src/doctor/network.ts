import { type Host, type NetworkPlan, overheadOf } from '@linecard/driver';
import { forwardChainRules, isMissingProgram, type Route, readSysctl, run } from '@linecard/linux';
import { contains } from '@linecard/wire';
import { fail, ok, type Patient, type Probe, type Verdict } from './probe.js';

function forwardingPlans({ state }: Host): NetworkPlan[] {
  return [...state.networks.values()].map(({ plan }) => plan).filter(({ mode }) => mode !== 'flat');
}

async function lookAtForwarding({ host }: Patient): Promise<Verdict[]> {
  const families = new Set(forwardingPlans(host).flatMap(({ subnets }) => subnets.map(({ pool }) => pool.family)));
  const keys = [...families].map((family) => (family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding'));
  const off: string[] = [];
  for (const key of keys) if ((await readSysctl(key)) !== '1') off.push(key);
  if (off.length > 0) return [fail(`the kernel does not forward: ${off.join(', ')}`, `sysctl -w ${off[0]}=1`)];
  return [ok(keys.length === 0 ? 'no network needs forwarding' : `the kernel forwards: ${keys.join(', ')}`)];
}

async function forwardPolicy(): Promise<string | undefined> {
  try {
    const { stdout } = await run(['iptables', '-w', '5', '-S', 'FORWARD']);
    return /^-P FORWARD (\w+)/m.exec(stdout)?.[1];
  } catch (error) {
    if (isMissingProgram(error)) return undefined;
    throw error;
  }
}

/** Docker sets the policy to DROP, which cuts off every bridge that no rule lets through. */
async function lookAtForwardPolicy({ host }: Patient): Promise<Verdict[]> {
  const policy = await forwardPolicy();
  if (policy !== 'DROP') return [ok(`iptables' FORWARD policy is ${policy ?? 'not there'}: nothing is in the way`)];
  const bridges = forwardingPlans(host).map(({ bridge }) => bridge);
  const rules = (await forwardChainRules({ family: 4, name: 'LINECARD' })) ?? [];
  const cut = bridges.filter((bridge) => !rules.some((rule) => rule.includes(` ${bridge} `)));
  if (cut.length === 0)
    return [ok("iptables' FORWARD policy is DROP, and our chain LINECARD lets our bridges through")];
  const text = `iptables' FORWARD policy is DROP, and nothing lets ${cut.join(', ')} through`;
  return [fail(text, 'start the daemon, which keeps the chain LINECARD: linecard up')];
}

/** The most specific route to an address. */
export function routeTo(routes: readonly Route[], address: string): Route | undefined {
  const fitting = routes.filter(({ destination }) => contains(destination, address));
  return fitting.sort((a, b) => b.destination.prefix - a.destination.prefix || a.metric - b.metric)[0];
}

async function lookAtTunnels({ host }: Patient): Promise<Verdict[]> {
  const { net, state } = host;
  const tunnels = [...state.networks.values()].flatMap(({ plan }) => plan.tunnels.map((tunnel) => ({ plan, tunnel })));
  if (tunnels.length === 0) return [];
  const [routes, links] = [await net.routes(), await net.links()];
  return tunnels.map(({ plan, tunnel }) => {
    const name = `${tunnel.type} tunnel of ${plan.bridge} to ${tunnel.remote}`;
    const route = routeTo(routes, tunnel.remote);
    const link = links.find(({ index }) => index === route?.ifindex);
    if (link === undefined) return fail(`${name}: there is no route to it`, `ip route get ${tunnel.remote}`);
    const needed = plan.mtu + overheadOf(tunnel);
    if (needed <= link.mtu) return ok(`${name}: packets of ${plan.mtu} bytes fit ${link.name}, MTU ${link.mtu}`);
    return fail(
      `${name}: packets of ${plan.mtu} bytes become ${needed}, more than the MTU ${link.mtu} of ${link.name}`,
      `create the network with -o ovs.bridge.mtu=${link.mtu - overheadOf(tunnel)}`,
    );
  });
}

/** Whether packets get through. */
export const networkProbes: readonly Probe[] = [
  { check: 'net.forwarding', look: lookAtForwarding },
  { check: 'net.forward-policy', look: lookAtForwardPolicy },
  { check: 'net.tunnels', look: lookAtTunnels },
];
