import { isMissingProgram, run } from '@linecard/linux';
import { fail, ok, type Probe, type Verdict, warn } from './probe.js';

async function installed(argv: readonly [string, ...string[]]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(argv, { timeoutMs: 5000 });
    return stdout || stderr;
  } catch (error) {
    return isMissingProgram(error) ? undefined : '';
  }
}

/** Node's version, by `engines` of package.json. */
export function judgeNode(version: string): Verdict {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return ok(`Node.js ${version}`);
  return fail(`Node.js ${version} is too old`, 'install Node.js 20.19 or newer');
}

/** The programs and the rights that the machine gives. */
export const machineProbes: readonly Probe[] = [
  { check: 'node', look: async () => [judgeNode(process.versions.node)] },
  {
    check: 'root',
    look: async () => [
      process.geteuid?.() === 0
        ? ok('runs as root')
        : fail('does not run as root', 'containers are plugged in by root only: use sudo'),
    ],
  },
  {
    check: 'nft',
    look: async () => {
      const version = await installed(['nft', '--version']);
      if (version !== undefined) return [ok(version.trim().split('\n')[0] || 'nft is installed')];
      return [fail('nft is not installed', 'networks of mode nat and routed need it: apt install nftables')];
    },
  },
  {
    check: 'iptables',
    look: async () => {
      const version = await installed(['iptables', '--version']);
      if (version !== undefined) return [ok(version.trim() || 'iptables is installed')];
      return [
        warn('iptables is not installed', "where Docker's firewall drops what it does not know: apt install iptables"),
      ];
    },
  },
  {
    check: 'busybox',
    look: async ({ host }) => {
      if ((await installed(['busybox', '--list']))?.split('\n').includes('udhcpc')) {
        return [ok('busybox has udhcpc')];
      }
      const wanted = [...host.state.networks.values()].some(({ plan }) => plan.dhcp);
      const remedy = 'networks with ovs.bridge.dhcp need it: apt install busybox-static';
      return [(wanted ? fail : warn)('busybox with udhcpc is not installed', remedy)];
    },
  },
];
