import type { CentralMember } from '@linecard/driver';
import { LinecardError } from '@linecard/wire';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { hostOvsdb } from '../settings.js';
import { addAcl } from './ovn-acl.js';
import { addVmPort } from './ovn-vm-port.js';

const list = (text: string) => text.split(',').map((word) => word.trim());

/** The names that all programs of Open vSwitch have for them. */
interface TlsOptions {
  readonly privateKey?: string;
  readonly certificate?: string;
  readonly caCert?: string;
}

interface CentralOptions extends TlsOptions {
  readonly address: string;
  readonly members?: string[];
}

interface JoinOptions extends TlsOptions {
  readonly encapIp?: string;
  readonly encapType: string;
}

function withTls(command: Command): Command {
  return command
    .option('-p, --private-key <file>', 'speak SSL with this private key')
    .option('-c, --certificate <file>', 'certificate for the private key; for `join` its name is the system-id')
    .option('-C, --ca-cert <file>', 'certificate of the authority that has signed those of all');
}

function tlsOf({ privateKey: key, certificate: cert, caCert: ca }: TlsOptions): Pick<CentralMember, 'tls'> {
  if (key !== undefined && cert !== undefined && ca !== undefined) return { tls: { key, cert, ca } };
  if (key === undefined && cert === undefined && ca === undefined) return {};
  throw new LinecardError('LC_INVALID', 'SSL needs all three: --private-key, --certificate and --ca-cert');
}

/** `linecard ovn`: what makes networks over many hosts possible. */
export function addOvn(program: Command): void {
  const ovn = program
    .command('ovn')
    .summary('set up networks over many hosts')
    .description('Networks over many hosts (docker network create -d openvswitch) are logical switches of OVN.');
  withTls(ovn.command('central'))
    .summary('start OVN central on this host')
    .description(
      'Starts the databases and ovn-northd. Databases are clustered: run it on three hosts with the same --members,\n' +
        'on the first of them first. Run twice, it changes nothing.',
    )
    .requiredOption('--address <ip>', 'address of this host, by which the others reach it')
    .option('--members <ips>', 'addresses of all members, comma-separated, the same on each (default: this one)', list)
    .addHelpText(
      'after',
      `
Examples:
  linecard ovn central --address 192.0.2.1
  linecard ovn central --address 192.0.2.1 --members 192.0.2.1,192.0.2.2,192.0.2.3`,
    )
    .action(central);
  ovn
    .command('central-leave')
    .summary('let this host be no member of OVN central any more')
    .description(
      'Takes its databases off their clusters, which go on without it, and removes them; stops ovn-northd.\n' +
        'Then tell the members and hosts that stay: linecard ovn central and linecard ovn join with the new list.',
    )
    .addHelpText('after', '\nExamples:\n  linecard ovn central-leave')
    .action(leave);
  ovn
    .command('central-kick')
    .summary('take a dead member off OVN central')
    .description('On a member that lives: takes one that is dead for good off both clusters.')
    .argument('<address>', 'address of the dead member')
    .addHelpText('after', '\nExamples:\n  linecard ovn central-kick 192.0.2.3')
    .action(kick);
  withTls(ovn.command('join'))
    .summary('let this host take part')
    .description(
      'Writes where OVN central is into Open vSwitch, and starts ovn-controller. Where the kernel has no Open vSwitch,\n' +
        "the interface with the tunnels' address becomes a port of a bridge, to which the address moves.",
    )
    .argument('<central>', 'addresses of all members of OVN central, comma-separated')
    .option('--encap-ip <ip>', 'address to which others send their tunnels (default: the one towards the central)')
    .addOption(new Option('--encap-type <type>', 'type of the tunnels').choices(['geneve', 'vxlan']).default('geneve'))
    .addHelpText(
      'after',
      `
Examples:
  linecard ovn join 192.0.2.1,192.0.2.2,192.0.2.3
  linecard ovn join 192.0.2.1 --encap-ip 198.51.100.7 --encap-type vxlan`,
    )
    .action(join);
  ovn
    .command('gc')
    .summary('collect what dead hosts have left')
    .description(
      'Asks every host for a sign of life, and removes logical ports, networks and addresses of those that give none.\n' +
        'The daemons do the same by themselves; what lives is never touched.',
    )
    .option('--grace <seconds>', 'how long a host may take to answer', seconds, 60)
    .addHelpText('after', '\nExamples:\n  linecard ovn gc\n  linecard ovn gc --grace 3')
    .action(gc);
  addAcl(ovn);
  addVmPort(ovn);
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 3600) return value;
  throw new InvalidArgumentError('It must be a number from 1 to 3600.');
}

async function gc({ grace }: { readonly grace: number }): Promise<void> {
  const { collectNow } = await import('@linecard/driver');
  const lines = await collectNow(hostOvsdb(), grace * 1000);
  process.stdout.write(`${lines.length === 0 ? 'every host lives' : lines.join('\n')}\n`);
}

async function central({ address, members = [address], ...files }: CentralOptions): Promise<void> {
  const tls = tlsOf(files);
  const { startCentral } = await import('@linecard/driver');
  await startCentral({ address, members, ...tls });
  process.stdout.write(`OVN central runs on ${address}; hosts take part by: linecard ovn join ${members.join(',')}\n`);
}

async function leave(): Promise<void> {
  const { leaveCentral } = await import('@linecard/driver');
  await leaveCentral();
  process.stdout.write('this host is no member of OVN central any more\n');
}

async function kick(address: string): Promise<void> {
  const { kickMember } = await import('@linecard/driver');
  await kickMember(address);
  process.stdout.write(`${address} is no member of OVN central any more\n`);
}

async function join(centralAddresses: string, { encapIp, encapType, ...files }: JoinOptions): Promise<void> {
  const tls = tlsOf(files);
  const { joinHost } = await import('@linecard/driver');
  const reply = await joinHost(hostOvsdb(), {
    central: list(centralAddresses),
    encapType,
    ...(encapIp === undefined ? {} : { encapIp }),
    ...tls,
  });
  const moved = reply.uplinkBridge === undefined ? '' : `, on bridge ${reply.uplinkBridge}`;
  process.stdout.write(`host ${reply.host} takes part: bridge ${reply.bridge}, tunnels to ${reply.encapIp}${moved}\n`);
}
