import type { Bed } from '@linecard/testkit';
import { idsOf, type Row, rows, setOf } from './rows.js';

interface DockerNetwork {
  readonly Id: string;
  readonly Name: string;
  readonly Options: Readonly<Record<string, string>>;
  readonly IPAM: { readonly Config: readonly { readonly Subnet: string; readonly Gateway?: string }[] };
}

interface DockerContainer {
  readonly Id: string;
  readonly Name: string;
  readonly State: { readonly Running: boolean };
  readonly HostConfig: {
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostPort: string }[]>> | null;
  };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, DockerEndpoint>> };
}

interface DockerEndpoint {
  readonly NetworkID: string;
  readonly EndpointID: string;
  readonly MacAddress: string;
  readonly IPAddress: string;
  readonly IPPrefixLen: number;
  readonly GlobalIPv6Address: string;
  readonly GlobalIPv6PrefixLen: number;
}

/** What Docker says there is. */
interface Truth {
  readonly networks: readonly DockerNetwork[];
  readonly containers: readonly DockerContainer[];
}

/** What is really there. */
interface World {
  readonly bridges: readonly Row[];
  readonly ports: readonly Row[];
  readonly interfaces: readonly Row[];
  readonly links: readonly string[];
  readonly addresses: readonly string[];
  readonly nft: readonly string[];
  readonly iptables: readonly string[];
  readonly sockets: string;
}

const quiet = { allowFail: true } as const;

async function inspect<T>(bed: Bed, list: readonly string[], kind: readonly string[]): Promise<T[]> {
  const ids = (await bed.docker(...list)).split('\n').filter((id) => id !== '');
  return ids.length === 0 ? [] : (JSON.parse(await bed.docker(...kind, 'inspect', ...ids)) as T[]);
}

async function askDocker(bed: Bed): Promise<Truth> {
  const [networks, containers] = await Promise.all([
    inspect<DockerNetwork>(
      bed,
      ['network', 'ls', '-q', '--no-trunc', '--filter', 'driver=ovs', '--filter', 'driver=dovesnap'],
      ['network'],
    ),
    inspect<DockerContainer>(bed, ['ps', '-aq', '--no-trunc'], ['container']),
  ]);
  return { networks, containers };
}

async function look(bed: Bed): Promise<World> {
  const [bridges, ports, interfaces, snapshot, sockets] = await Promise.all([
    rows(bed, 'Bridge'),
    rows(bed, 'Port'),
    rows(bed, 'Interface'),
    bed.snapshot(),
    bed.exec(['ss', '-lntuH'], quiet),
  ]);
  const { addresses, nft, iptables } = snapshot;
  const links = snapshot.links.map((line) => line.split(' ')[0]!);
  return { bridges, ports, interfaces, links, addresses, nft, iptables, sockets: sockets.stdout };
}

function difference(what: string, found: readonly string[], wanted: readonly string[]): string[] {
  const twice = found.filter((one, i) => found.indexOf(one) !== i);
  return [
    ...wanted.filter((one) => !found.includes(one)).map((one) => `missing ${what}: ${one}`),
    ...found.filter((one) => !wanted.includes(one)).map((one) => `left over ${what}: ${one}`),
    ...twice.map((one) => `doubled ${what}: ${one}`),
  ];
}

const bridgeOf = ({ Id, Options }: DockerNetwork) => Options['ovs.bridge.name'] ?? `lc${Id.slice(0, 12)}`;
const hasGateway = ({ Options }: DockerNetwork) => (Options['ovs.bridge.mode'] ?? 'flat') !== 'flat';
const nameOf = (container: DockerContainer) => container.Name.replace('/', '');

interface Endpoint extends DockerEndpoint {
  readonly network: DockerNetwork;
  readonly container: DockerContainer;
}

function endpointsOf({ networks, containers }: Truth): Endpoint[] {
  return containers
    .filter(({ State }) => State.Running)
    .flatMap((container) =>
      Object.values(container.NetworkSettings.Networks).flatMap((endpoint) => {
        const network = networks.find(({ Id }) => Id === endpoint.NetworkID);
        return network === undefined ? [] : [{ ...endpoint, network, container }];
      }),
    );
}

function bridgeOfInterface(world: World, iface: Row): string {
  const port = world.ports.find(({ interfaces }) => setOf(interfaces).includes(String(iface._uuid)));
  return String(world.bridges.find(({ ports }) => setOf(ports).includes(String(port?._uuid)))?.name);
}

function checkBridges({ networks }: Truth, { bridges }: World): string[] {
  return difference(
    'bridge',
    bridges
      .filter((row) => idsOf(row).linecard === 'network')
      .map((row) => `${row.name} of ${idsOf(row)['network-id']} ${idsOf(row)['network-name']}`),
    networks.map((network) => `${bridgeOf(network)} of ${network.Id} ${network.Name}`),
  );
}

/** What an endpoint's Interface row must say, as one line. */
function lineOfEndpoint(endpoint: Endpoint): string {
  const { network, container } = endpoint;
  const ips = [
    endpoint.IPAddress && `${endpoint.IPAddress}/${endpoint.IPPrefixLen}`,
    endpoint.GlobalIPv6Address && `${endpoint.GlobalIPv6Address}/${endpoint.GlobalIPv6PrefixLen}`,
  ];
  return [
    `${endpoint.EndpointID} on ${bridgeOf(network)}`,
    `${network.Id} ${network.Name} ${container.Id} ${nameOf(container)}`,
    `${endpoint.MacAddress} ${ips.filter(Boolean).join(' ')}`,
  ].join(' | ');
}

function lineOfRow(world: World, row: Row): string {
  const ids = idsOf(row);
  return [
    `${ids['endpoint-id']} on ${bridgeOfInterface(world, row)}`,
    `${ids['network-id']} ${ids['network-name']} ${ids['container-id']} ${ids['container-name']}`,
    `${ids['attached-mac']} ${ids.ip ?? ''}`,
  ].join(' | ');
}

function checkPorts(truth: Truth, world: World): string[] {
  const found = world.interfaces.filter((row) => idsOf(row).linecard === 'endpoint');
  const wanted = endpointsOf(truth).map(lineOfEndpoint);
  const lines = difference(
    'port',
    found.map((row) => lineOfRow(world, row)),
    wanted,
  );
  const ours = world.interfaces.filter((row) => /^lcv/.test(String(row.name)));
  const wrong = ours.filter((row) => !(Number(row.ofport) > 0) || row.ofport !== row.ofport_request);
  return [
    ...lines,
    ...wrong.map((row) => `number of ${row.name}: ${row.ofport}, wanted ${row.ofport_request}`),
    ...world.interfaces.flatMap((row) => setOf(row.error)).map((error) => `error: ${error}`),
  ];
}

/** Seats and attachments, which stand in the Bridge rows, against containers and Interface rows. */
function checkMemory(truth: Truth, world: World): string[] {
  const problems: string[] = [];
  const running = new Set(truth.containers.filter(({ State }) => State.Running).map(({ Id }) => Id));
  const attached: string[] = [];
  for (const bridge of world.bridges) {
    for (const [key, value] of Object.entries(idsOf(bridge))) {
      if (key.startsWith('linecard-attach:')) {
        const { id, container } = JSON.parse(value) as { id: string; container: { id: string } };
        if (running.has(container.id)) attached.push(`${id} on ${bridge.name}`);
        if (!truth.containers.some(({ Id }) => Id === container.id)) problems.push(`left over attachment: ${value}`);
      }
      const seat = key.startsWith('linecard-port:') ? key.slice('linecard-port:'.length) : '~';
      const [ofport, owner] = value.split(' ');
      if (seat.startsWith('~') || owner === undefined) continue;
      if (!truth.containers.some((one) => one.Id === owner && nameOf(one) === seat.split('/')[0])) {
        problems.push(`left over seat on ${bridge.name}: ${seat} ${value}`);
      }
      const port = world.interfaces.find(
        (row) =>
          idsOf(row)['container-name'] === seat &&
          idsOf(row).linecard === 'endpoint' &&
          bridgeOfInterface(world, row) === bridge.name,
      );
      if (port !== undefined && String(port.ofport) !== ofport) {
        problems.push(`seat of ${seat} on ${bridge.name} is ${ofport}, its port ${port.ofport}`);
      }
    }
  }
  const found = world.interfaces.filter((row) => idsOf(row).linecard === 'attachment');
  return [
    ...problems,
    ...difference(
      'attachment',
      found.map((row) => `${idsOf(row)['endpoint-id']} on ${bridgeOfInterface(world, row)}`),
      attached,
    ),
  ];
}

function checkLinks(world: World): string[] {
  const ours = world.links.filter((name) => /^lc[vp][0-9a-f]{12}$/.test(name));
  const wanted = world.interfaces.map((row) => String(row.name)).filter((name) => /^lcv/.test(name));
  return difference('link', ours, wanted);
}

function checkGateways({ networks }: Truth, { addresses }: World): string[] {
  const wanted = networks.filter(hasGateway).flatMap((network) =>
    network.IPAM.Config.flatMap(({ Subnet, Gateway }) => {
      return Gateway === undefined ? [] : [`${bridgeOf(network)} ${Gateway}/${Subnet.split('/')[1]}`];
    }),
  );
  const others = /^(lo|uplink|docker0|docker_gwbridge|br-[0-9a-f]{12}) /;
  return difference(
    'address',
    addresses.filter((line) => !others.test(line)),
    wanted,
  );
}

/** The targets of all published ports, as `tcp dport 8080 dnat ip to 172.20.0.2:80`. */
function wantedTranslations(truth: Truth): string[] {
  return endpointsOf(truth)
    .filter(({ network }) => hasGateway(network))
    .flatMap(({ container, IPAddress }) =>
      Object.entries(container.HostConfig.PortBindings ?? {}).flatMap(([key, bindings]) => {
        const [port, protocol] = key.split('/');
        return bindings.map(({ HostPort }) => `${protocol} dport ${HostPort} dnat ip to ${IPAddress}:${port}`);
      }),
    );
}

function checkFirewall(truth: Truth, world: World): string[] {
  const bridges = truth.networks.filter(hasGateway).map(bridgeOf);
  const text = world.nft.join('\n');
  const tables = world.nft.filter((line) => /^table \S+ linecard /.test(line)).length;
  const plain = world.bridges.some((row) => idsOf(row).linecard === 'attach');
  const masqueraded = truth.networks.filter((network) => network.Options['ovs.bridge.mode'] === 'nat').map(bridgeOf);
  const translations = world.nft.flatMap((line) => /(?:tcp|udp) dport \d+ dnat ip to \S+/.exec(line) ?? []);
  const accepted = world.iptables.flatMap((line) => /^iptables-save: -A LINECARD -i (\S+) -j/.exec(line)?.[1] ?? []);
  const outgoing = [...text.matchAll(/oifname != "(\S+)" ip saddr \S+ masquerade/g)].map(([, name]) => name!);
  const wantedTables = truth.networks.length > 0 || plain ? 2 : 0;
  return [
    ...(tables === wantedTables ? [] : [`${tables} nft tables, wanted ${wantedTables}`]),
    ...difference('translation', translations, wantedTranslations(truth)),
    ...difference('bridge in iptables', accepted, bridges),
    ...difference('masquerading', [...new Set(outgoing)], masqueraded),
    ...wantedSockets(truth).flatMap((port) =>
      new RegExp(`:${port}\\s`).test(world.sockets) ? [] : [`port ${port} is not held`],
    ),
  ];
}

function wantedSockets(truth: Truth): string[] {
  return wantedTranslations(truth).map((line) => /dport (\d+)/.exec(line)![1]!);
}

/**
 * Compares what Docker says there is with what there is: bridges, ports and their rows, numbers and what is remembered
 * of them, links, addresses, packet filters. Returns what is missing, doubled or left over: an empty list when all is
 * well.
 */
export async function audit(bed: Bed): Promise<string[]> {
  const [truth, world] = await Promise.all([askDocker(bed), look(bed)]);
  return [
    ...checkBridges(truth, world),
    ...checkPorts(truth, world),
    ...checkMemory(truth, world),
    ...checkLinks(world),
    ...checkGateways(truth, world),
    ...checkFirewall(truth, world),
  ];
}
