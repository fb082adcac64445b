import type { NetworkInfo } from '@linecard/api';
import type { Command } from 'commander';
import type { Column } from '../output.js';

/** `linecard networks`: the networks and bridges. */
export function addNetworks(program: Command): void {
  program
    .command('networks')
    .summary('list the networks')
    .description(
      'Lists Docker networks on Open vSwitch, of this host and over many, and the bridges that `linecard attach` made.',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', "\nExamples:\n  linecard networks\n  linecard networks --json | jq -r '.[].dpid'")
    .action(list);
}

const columns: readonly Column<NetworkInfo>[] = [
  { title: 'NETWORK', text: ({ name, id }) => name ?? id?.slice(0, 12) ?? '' },
  {
    title: 'MODE',
    text: ({ kind, mode, internal }) => `${kind === 'overlay' ? kind : (mode ?? '')}${internal ? ' internal' : ''}`,
  },
  { title: 'SUBNETS', text: ({ subnets }) => subnets.join(' ') },
  { title: 'GATEWAYS', text: ({ gateways }) => gateways.join(' ') },
  { title: 'VLAN', text: ({ vlan }) => String(vlan ?? '') },
  { title: 'MTU', text: ({ mtu }) => String(mtu ?? '') },
  { title: 'BRIDGE', text: ({ bridge }) => bridge },
  { title: 'SWITCH', text: ({ switch: logical }) => logical ?? '' },
  { title: 'DPID', text: ({ dpid }) => dpid ?? '' },
  { title: 'DATAPATH', text: ({ datapath }) => datapath ?? '' },
  {
    title: 'CONTROLLERS',
    text: ({ controllers }) => controllers.map((one) => `${one.target}${one.connected ? '' : ' (away)'}`).join(' '),
    colour: ({ controllers }) => (controllers.some(({ connected }) => !connected) ? 'yellow' : undefined),
  },
  { title: 'PORTS', text: ({ ports }) => String(ports) },
];

async function list(options: { readonly json?: true }): Promise<void> {
  const [{ askHost }, { json, painter, print, table }] = await Promise.all([
    import('../control.js'),
    import('../output.js'),
  ]);
  const networks = await askHost('look', (api) => api.networks());
  await print(options.json ? json(networks) : table(columns, networks, painter(process.stdout, process.env)));
}
