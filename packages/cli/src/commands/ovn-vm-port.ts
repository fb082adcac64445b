import type { Machine } from '@linecard/ovn';
import { LinecardError, parseIp, parseMac } from '@linecard/wire';
import type { Command } from 'commander';
import { hostOvsdb } from '../settings.js';

interface VmPortOptions {
  readonly mac?: string;
  readonly ip?: string;
  readonly rm?: true;
  readonly json?: true;
}

/** `linecard ovn vm-port`: a place for a virtual machine beside containers. */
export function addVmPort(ovn: Command): void {
  ovn
    .command('vm-port')
    .summary('make a port for a virtual machine')
    .description(
      'Makes a logical port for a virtual machine on the switch of a network, with addresses that no container and no\n' +
        'other machine has; OVN tells them to the machine by DHCP. Without arguments it lists these ports.',
    )
    .argument('[name]', "name of the logical port: what iface-id of the machine's interface is to be")
    .argument('[switch]', 'the logical switch: ovn.switch of the network, or its ID')
    .option('--mac <address>', "the machine's MAC address (default: made of its address)")
    .option('--ip <addresses>', 'its addresses, one of each family, comma-separated (default: free ones)')
    .option('--rm', 'remove the port and give its addresses back')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  linecard ovn vm-port vm1 net                             vm1 net 02:42:0a:09:00:05 10.9.0.5
  linecard ovn vm-port vm2 net --mac 52:54:00:12:34:56 --ip 10.9.0.77
  ovs-vsctl add-port br-int tap0 -- set Interface tap0 external_ids:iface-id=vm1
  linecard ovn vm-port vm1 --rm`,
    )
    .action(vmPort);
}

const text = ({ name, switch: own, mac, addresses }: Machine) => `${[name, own, mac, ...addresses].join(' ')}\n`;

function checkedAddresses(given: string | undefined): string[] {
  const addresses = given === undefined ? [] : given.split(',').map((one) => one.trim());
  for (const address of addresses) parseIp(address);
  const v6 = addresses.filter((address) => address.includes(':')).length;
  if (v6 <= 1 && addresses.length - v6 <= 1) return addresses;
  throw new LinecardError('LC_INVALID', '--ip takes one address of each family at most');
}

async function vmPort(
  name: string | undefined,
  switchName: string | undefined,
  options: VmPortOptions,
  command: Command,
): Promise<void> {
  if (options.rm ? name === undefined : (name === undefined) !== (switchName === undefined)) {
    command.error("error: name the port and the network's switch, or the port and --rm");
  }
  const addresses = checkedAddresses(options.ip);
  if (options.mac !== undefined) parseMac(options.mac);
  const [{ forgetMachine, withCentral }, { editMachine, editMachineGone, machinesOf }, { json, print }] =
    await Promise.all([import('@linecard/driver'), import('@linecard/ovn'), import('../output.js')]);
  const machines = await withCentral(hostOvsdb(), async ({ nb, addresses: all, settings }, ovs): Promise<Machine[]> => {
    if (name === undefined) return machinesOf(nb);
    if (options.rm) {
      await nb.write((tx) => editMachineGone(nb, tx, all, name), { what: `remove the port of machine ${name}` });
      await forgetMachine(ovs, settings.bridge, name);
      return [];
    }
    const mac = options.mac === undefined ? {} : { mac: options.mac.toLowerCase() };
    const request = { name, switch: switchName!, addresses, host: settings.host, ...mac };
    return [await nb.write((tx) => editMachine(nb, tx, all, request), { what: `make a port for machine ${name}` })];
  });
  if (!options.rm) await print(options.json ? json(machines) : machines.map(text).join(''));
}
