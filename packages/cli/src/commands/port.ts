import type { ContainerInterfaceInfo } from '@linecard/api';
import type { Command } from 'commander';

/** `linecard port`: the OpenFlow ports of one container, for scripts. */
export function addPort(program: Command): void {
  program
    .command('port')
    .summary("print a container's OpenFlow ports")
    .description(
      'Prints IFNAME,OFPORT,MAC for each Ethernet interface of a running container, whoever made it. OFPORT is empty\n' +
        'when the interface is not on the bridge. Without a bridge, a fourth field names the one that it is on. For a\n' +
        "container of another host IFNAME is empty and a fifth field names the host; --json adds OVN's chassis, logical\n" +
        'port and tunnel key.',
    )
    .argument('<container>', 'name, ID or unique beginning of an ID')
    .argument('[bridge]', 'only OpenFlow ports of this bridge')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  linecard port web                           eth0,1,02:42:ac:0c:00:08,lc0e088ba3058d
  linecard port firewall_ext vlanswitch       eth0,3,9a:69:12:bc:3d:1d
  linecard port web2                          ,4,02:42:0a:09:00:03,br-int,h2`,
    )
    .action(show);
}

/** One line of CSV. */
export function portLine(
  { ifname, ofport, mac, bridge, host }: ContainerInterfaceInfo,
  asked: string | undefined,
): string {
  const number = asked === undefined || asked === bridge ? (ofport ?? '') : '';
  const where = ifname === '' && host !== undefined ? [bridge ?? '', host] : [bridge ?? ''];
  return [ifname, number, mac, ...(asked === undefined ? where : [])].join(',');
}

async function show(container: string, bridge: string | undefined, options: { readonly json?: true }): Promise<void> {
  const [{ askHost }, { json, print }] = await Promise.all([import('../control.js'), import('../output.js')]);
  const interfaces = await askHost('look', (api) => api.interfaces(container));
  if (!options.json) return print(interfaces.map((one) => `${portLine(one, bridge)}\n`).join(''));
  await print(json(bridge === undefined ? interfaces : interfaces.filter((one) => one.bridge === bridge)));
}
