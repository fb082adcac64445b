import type { PortInfo } from '@linecard/api';
import { LinecardError } from '@linecard/wire';
import type { Command } from 'commander';
import type { Column } from '../output.js';

interface PortsOptions {
  readonly json?: true;
  readonly watch?: true;
}

/** `linecard ports`: who has which OpenFlow port. */
export function addPorts(program: Command): void {
  program
    .command('ports')
    .summary('list the OpenFlow ports')
    .description(
      'Lists the ports of all networks, or of one, with their OpenFlow port numbers; of networks over many hosts those\n' +
        'of all hosts, with host and tunnel key.',
    )
    .argument('[network]', 'name or ID of a network, or name of a bridge')
    .option('--json', 'print JSON')
    .option('--watch', 'print the table again after each change, until Ctrl-C; with --json one line for each')
    .addHelpText(
      'after',
      `
Examples:
  linecard ports
  linecard ports mynet --watch
  linecard ports --json | jq -r '.[] | [.container, .ofport] | @tsv'`,
    )
    .action(list);
}

const states = { up: 'green', pending: 'yellow', error: 'red' } as const;

/** `8080->80/tcp`, with the host's address where it is a certain one. */
function publishedText({ published }: PortInfo): string {
  const sorted = [...published].sort((a, b) => a.hostPort - b.hostPort);
  const texts = sorted.map(({ protocol, hostIp, hostPort, port }) => {
    const host = hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::' ? '' : `${hostIp}:`;
    return `${host}${hostPort}->${port}/${protocol}`;
  });
  return [...new Set(texts)].join(' ');
}

const columns: readonly Column<PortInfo>[] = [
  { title: 'NETWORK', text: ({ network, networkId }) => network ?? networkId?.slice(0, 12) ?? '' },
  { title: 'CONTAINER', text: ({ container, kind }) => container ?? (kind === 'endpoint' ? '' : `(${kind})`) },
  { title: 'IFNAME', text: ({ ifname }) => ifname ?? '' },
  { title: 'OFPORT', text: ({ ofport }) => String(ofport ?? '') },
  { title: 'MAC', text: ({ mac }) => mac },
  {
    title: 'ADDRESSES',
    text: ({ addresses, lease }) => `${addresses.join(' ')}${lease === undefined ? '' : ' (dhcp)'}`,
  },
  { title: 'VLAN', text: ({ vlan }) => String(vlan ?? '') },
  { title: 'PUBLISHED', text: publishedText },
  {
    title: 'HOST',
    text: ({ host, chassis }) => (host === chassis || !chassis ? (host ?? '') : `${host} (${chassis})`),
  },
  { title: 'KEY', text: ({ tunnelKey }) => String(tunnelKey ?? '') },
  { title: 'BRIDGE', text: ({ bridge }) => bridge },
  { title: 'INTERFACE', text: ({ hostInterface }) => hostInterface },
  { title: 'STATE', text: ({ state, error }) => error ?? state, colour: ({ state }) => states[state] },
];

async function list(network: string | undefined, options: PortsOptions): Promise<void> {
  if (options.watch) return watch(network, options.json === true);
  const [{ askHost }, { json, painter, print, table }] = await Promise.all([
    import('../control.js'),
    import('../output.js'),
  ]);
  const ports = await askHost('look', (api) => api.ports(network));
  await print(options.json ? json(ports) : table(columns, ports, painter(process.stdout, process.env)));
}

const clearScreen = '\x1b[H\x1b[2J';

/** On a terminal each table replaces the one before; elsewhere an empty line parts them. */
async function watch(network: string | undefined, asJson: boolean): Promise<void> {
  const [{ askDaemon }, { painter, print, table }] = await Promise.all([
    import('../control.js'),
    import('../output.js'),
  ]);
  const paint = painter(process.stdout, process.env);
  await askDaemon(async (api) => {
    for await (const ports of api.watchPorts(network, new AbortController().signal)) {
      const text = asJson ? `${JSON.stringify(ports)}\n` : table(columns, ports, paint);
      await print(asJson ? text : process.stdout.isTTY ? clearScreen + text : `${text}\n`);
    }
    throw new LinecardError('LC_CLOSED', 'the daemon has ended');
  });
}
