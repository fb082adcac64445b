import type { AttachOrder, AttachReply } from '@linecard/api';
import { type Command, InvalidArgumentError } from 'commander';

interface AttachOptions {
  readonly ofPort?: number;
  readonly mac?: string;
  readonly vlan?: number;
  readonly gateway?: string;
  readonly mtu?: number;
  readonly controller?: string;
  readonly ifname?: string;
  readonly json?: true;
}

/** Reads a whole number of a range; what is no such number is a mistake on the command line. */
function integer(low: number, high: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It must be a number from ${low} to ${high}.`);
  };
}

const alone = () =>
  console.error(
    'linecard: no daemon runs: a restarted container will be attached again only while the daemon runs (linecard up)',
  );

/** `linecard attach`: plugs a container into a bridge by hand. */
export function addAttach(program: Command): void {
  program
    .command('attach')
    .summary('plug a container into a bridge')
    .description(
      'Plugs a running container, also one started with --net=none, into a bridge, which is made when it is missing.\n' +
        'Run twice, it changes nothing. When the container is restarted, the daemon attaches it again, on the same port.',
    )
    .argument('<bridge>', 'name of the bridge')
    .argument('<container>', 'name, ID or unique beginning of an ID')
    .argument('[addresses...]', 'addresses with prefix length, for the interface in the container')
    .option('--of-port <number>', 'OpenFlow port wanted', integer(1, 65_279))
    .option('--mac <address>', 'MAC address of the interface')
    .option('--vlan <tag>', 'access VLAN of the port', integer(1, 4094))
    .option('--gateway <address>', 'default gateway of the container')
    .option('--mtu <bytes>', 'MTU of the interface', integer(68, 65_535))
    .option('--controller <targets>', 'controllers of the bridge, such as tcp:127.0.0.1:6653, comma-separated')
    .option('--ifname <name>', 'name of the interface in the container (default: the first free ethN)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  linecard attach kiwipycon "$GUEST_ID" 172.31.1.1/24
  linecard attach br0 web 10.0.0.5/24 fd00::5/64 --gateway 10.0.0.1 --of-port 7 --vlan 100
  linecard attach br0 web 10.1.0.5/24 --ifname eth1`,
    )
    .action(attach);
}

function orderOf(bridge: string, container: string, addresses: readonly string[], options: AttachOptions): AttachOrder {
  const { ofPort, mac, vlan, gateway, mtu, controller, ifname } = options;
  return {
    bridge,
    container,
    addresses: [...addresses],
    ...(ofPort === undefined ? {} : { ofport: ofPort }),
    ...(mac === undefined ? {} : { mac }),
    ...(vlan === undefined ? {} : { vlan }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(controller === undefined ? {} : { controllers: controller.split(',') }),
    ...(ifname === undefined ? {} : { ifname }),
  };
}

function sentence({ changed, container, bridge, ifname, ofport }: AttachReply): string {
  const where = `bridge ${bridge}, interface ${ifname}, OpenFlow port ${ofport}`;
  return changed
    ? `attached ${container}: ${where}\n`
    : `${container} is attached already, nothing changed: ${where}\n`;
}

async function attach(
  bridge: string,
  container: string,
  addresses: readonly string[],
  options: AttachOptions,
): Promise<void> {
  const [{ askHost }, { json, print }] = await Promise.all([import('../control.js'), import('../output.js')]);
  const order = orderOf(bridge, container, addresses, options);
  const reply = await askHost('change', (api) => api.attach(order), alone);
  await print(options.json ? json(reply) : sentence(reply));
}

interface DetachOptions {
  readonly ifname?: string;
  readonly json?: true;
}

/** `linecard detach`: takes what `attach` made away. */
export function addDetach(program: Command): void {
  program
    .command('detach')
    .summary('take a container off a bridge')
    .description('Takes a container off a bridge that `linecard attach` plugged it into.')
    .argument('<bridge>', 'name of the bridge')
    .argument('<container>', 'name, ID or unique beginning of an ID')
    .option('--ifname <name>', 'only this interface of the container')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  linecard detach kiwipycon web\n  linecard detach br0 web --ifname eth1')
    .action(detach);
}

async function detach(bridge: string, container: string, { ifname, json: asJson }: DetachOptions): Promise<void> {
  const [{ askHost }, { json, print }] = await Promise.all([import('../control.js'), import('../output.js')]);
  const order = { bridge, container, ...(ifname === undefined ? {} : { ifname }) };
  const gone = await askHost('change', (api) => api.detach(order));
  const lines = gone.map((one) => `detached ${one.container}: bridge ${one.bridge}, interface ${one.ifname}\n`);
  await print(asJson ? json(gone) : lines.join(''));
}
