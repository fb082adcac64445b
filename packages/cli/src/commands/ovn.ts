import { type Command, Option } from 'commander';
import { readSettings } from '../settings.js';

const list = (text: string) => text.split(',').map((word) => word.trim());

interface CentralOptions {
  readonly address: string;
  readonly members?: string[];
}

interface JoinOptions {
  readonly encapIp?: string;
  readonly encapType: string;
}

/** `linecard ovn`: what makes networks over many hosts possible. */
export function addOvn(program: Command): void {
  const ovn = program
    .command('ovn')
    .summary('set up networks over many hosts')
    .description('Networks over many hosts (docker network create -d openvswitch) are logical switches of OVN.');
  ovn
    .command('central')
    .summary('start OVN central on this host')
    .description(
      'Starts the databases and ovn-northd. Databases are clustered: run it on three hosts with the same --members,\n' +
        'on the first of them first. Run twice, it changes nothing.',
    )
    .requiredOption('--address <ip>', 'address of this host, by which the others reach it')
    .option('--members <ips>', 'addresses of all members, comma-separated, the same on each (default: this one)', list)
    .action(central);
  ovn
    .command('join')
    .summary('let this host take part')
    .description(
      'Writes where OVN central is into Open vSwitch, and starts ovn-controller. Where the kernel has no Open vSwitch,\n' +
        "the interface with the tunnels' address becomes a port of a bridge, to which the address moves.",
    )
    .argument('<central>', 'addresses of all members of OVN central, comma-separated')
    .option('--encap-ip <ip>', 'address to which others send their tunnels (default: the one towards the central)')
    .addOption(new Option('--encap-type <type>', 'type of the tunnels').choices(['geneve', 'vxlan']).default('geneve'))
    .action(join);
}

async function central({ address, members = [address] }: CentralOptions): Promise<void> {
  const { startCentral } = await import('@linecard/driver');
  await startCentral({ address, members });
  process.stdout.write(`OVN central runs on ${address}; hosts take part by: linecard ovn join ${members.join(',')}\n`);
}

async function join(centralAddresses: string, { encapIp, encapType }: JoinOptions): Promise<void> {
  const { joinHost } = await import('@linecard/driver');
  const reply = await joinHost(readSettings(process.env).ovsdb ?? 'unix:/run/openvswitch/db.sock', {
    central: list(centralAddresses),
    encapType,
    ...(encapIp === undefined ? {} : { encapIp }),
  });
  const moved = reply.uplinkBridge === undefined ? '' : `, on bridge ${reply.uplinkBridge}`;
  process.stdout.write(`host ${reply.host} takes part: bridge ${reply.bridge}, tunnels to ${reply.encapIp}${moved}\n`);
}
