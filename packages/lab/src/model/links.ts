import { checkInterfaceName } from '@linecard/linux';
import { LinecardError, parseCidr, parseIp, parseMac } from '@linecard/wire';
import type { RawEndpoint, RawLink, RawNode } from '../file/schema.js';
import type { Place } from '../file/source.js';
import { didYouMean } from '../file/suggest.js';
import { attempt, type Context, problem } from './context.js';
import { inherit } from './inherit.js';
import type { Endpoint, LabLink, LabNode, Stub } from './types.js';

/** Links of containerlab have room for jumbo frames and tunnels unless the file says otherwise. */
const defaultMtu = 9500;

/** An endpoint as written, in one form for brief and extended links. */
interface Written {
  readonly node: string;
  readonly interface: string;
  readonly raw: RawEndpoint | undefined;
  readonly place: Place;
}

const bridgeKinds: readonly string[] = ['bridge', 'ovs-bridge'];

/** Resolves the links of a topology. */
export class LinkResolver {
  readonly #context: Context;
  readonly #nodes: ReadonlyMap<string, LabNode>;
  readonly #taken = new Map<string, string>();

  constructor(context: Context, nodes: readonly LabNode[]) {
    this.#context = context;
    this.#nodes = new Map(nodes.map((node) => [node.name, node]));
  }

  all(): LabLink[] {
    const links = this.#context.source.raw.topology.links ?? [];
    return links.flatMap((link, index) => this.#link(link, ['topology', 'links', index]) ?? []);
  }

  #link(raw: RawLink, place: Place): LabLink | undefined {
    const before = this.#context.problems.length;
    const written = this.#written(raw, place);
    if (this.#context.problems.length > before) return undefined;
    const type = raw.type ?? briefType(written);
    const wanted = type === 'veth' || (raw.type === undefined && written.length === 2) ? 2 : 1;
    if (written.length !== wanted) {
      const hint = 'write endpoints: ["a:eth1", "b:eth1"]';
      problem(
        this.#context,
        place,
        `a ${type} link has ${wanted} endpoint${wanted === 1 ? '' : 's'}, not ${written.length}`,
        hint,
      );
      return undefined;
    }
    if (isStub(type)) return this.#stub(type, raw, written, place);
    const [first, second] = written;
    const other = second ?? { node: type, interface: raw['host-interface'] ?? '', raw: undefined, place };
    const a = this.#endpoint(first!, raw, 0);
    const b = this.#endpoint(other, raw, 1);
    if (a === undefined || b === undefined) return undefined;
    if (this.#isExternal(a) && this.#isExternal(b)) {
      problem(
        this.#context,
        place,
        'the link would stay when the lab goes',
        'one end must be in a container of the lab',
      );
    }
    return { type: 'cable', a, b, mtu: raw.mtu ?? defaultMtu };
  }

  #stub(type: Stub['type'], raw: RawLink, written: readonly Written[], place: Place): Stub | undefined {
    const own = written.find(({ node }) => node !== 'macvlan' && node !== 'dummy') ?? written[0]!;
    const parent = raw['host-interface'] ?? written.find(({ node }) => node === 'macvlan')?.interface;
    const a = this.#endpoint(own, raw, 0);
    if (type === 'macvlan' && parent === undefined) {
      problem(this.#context, place, 'a macvlan link needs the interface of the host', 'write host-interface: eth0');
    }
    const isTunnel = type === 'vxlan' || type === 'vxlan-stitch';
    if (isTunnel && (raw.remote === undefined || raw.vni === undefined)) {
      const hint = 'write remote: 192.0.2.1 and vni: 100';
      problem(this.#context, place, `a ${type} link needs remote and vni`, hint);
    }
    if (isTunnel && raw.remote !== undefined) attempt(this.#context, place, () => parseIp(raw.remote!));
    if (a === undefined) return undefined;
    if (this.#isExternal(a) && type !== 'vxlan-stitch') {
      problem(
        this.#context,
        place,
        `the ${type} interface would stay when the lab goes`,
        'link a container of the lab',
      );
    }
    const port = raw['dst-port'] ?? raw['udp-port'] ?? 4789;
    const tunnel = { remote: raw.remote ?? '', vni: raw.vni ?? 0, port, sourcePort: raw['src-port'] };
    const vxlan = isTunnel ? tunnel : undefined;
    return { type, a, mtu: raw.mtu, parent, mode: raw.mode ?? 'bridge', vxlan };
  }

  #isExternal({ node }: Endpoint): boolean {
    return this.#nodes.get(node)?.kind === 'ext-container';
  }

  #written(raw: RawLink, place: Place): Written[] {
    const list = raw.endpoint === undefined ? (raw.endpoints ?? []) : [raw.endpoint];
    return list.flatMap((one, index): Written[] => {
      const at = raw.endpoint === undefined ? [...place, 'endpoints', index] : [...place, 'endpoint'];
      if (typeof one !== 'string') return [{ node: one.node, interface: one.interface ?? '', raw: one, place: at }];
      const colon = one.indexOf(':');
      if (colon <= 0 && one !== 'dummy') {
        problem(this.#context, at, `"${one}" is not an endpoint`, 'write NODE:INTERFACE, as in "r1:eth1"');
        return [];
      }
      return [
        {
          node: colon < 0 ? one : one.slice(0, colon),
          interface: colon < 0 ? '' : one.slice(colon + 1),
          raw: undefined,
          place: at,
        },
      ];
    });
  }

  #endpoint(written: Written, raw: RawLink, side: 0 | 1): Endpoint | undefined {
    const node = this.#nodes.get(written.node);
    const special = written.node === 'host' || written.node === 'mgmt-net';
    if (node === undefined && !special) {
      const names = Object.keys(this.#context.source.raw.topology.nodes ?? {});
      // A node that is there and could not be resolved has its own problem already.
      if (!names.includes(written.node)) {
        const hint = didYouMean(written.node, names);
        problem(this.#context, written.place, `the link leads to node "${written.node}", which is not there`, hint);
      }
      return undefined;
    }
    return attempt(this.#context, written.place, () => {
      const name = this.#interfaceName(written, node);
      this.#take(written, name, node);
      if (written.raw?.mac !== undefined) parseMac(written.raw.mac);
      return {
        node: written.node,
        name,
        written: written.interface,
        mac: written.raw?.mac,
        addresses: addressesOf(written, raw, side),
        ofport: node?.kind === 'ovs-bridge' ? (written.raw?.ofport ?? numberIn(name)) : undefined,
      };
    });
  }

  #interfaceName(written: Written, node: LabNode | undefined): string {
    if (written.interface === '') {
      throw new LinecardError('LC_INVALID', `the interface of ${written.node} is missing`, {
        hint: 'write NODE:INTERFACE',
      });
    }
    const name = node?.kind === 'openswitch' ? this.#frontPort(node, written.interface) : written.interface;
    checkInterfaceName(name);
    const isManagement =
      name === 'eth0' &&
      (node?.kind === 'linux' || node?.kind === 'frr' || node?.kind === 'ext-container') &&
      node.networkMode !== 'none';
    if (isManagement) {
      throw new LinecardError('LC_INVALID', `eth0 of ${written.node} is its management interface`, {
        hint: 'links begin with eth1; network-mode: none frees eth0',
      });
    }
    return name;
  }

  /** `3` of the file is the third port of the front panel, by the name that the system gives to it. */
  #frontPort(node: LabNode, written: string): string {
    const { topology } = this.#context.source.raw;
    const ports = inherit(topology, topology.nodes?.[node.name] ?? ({} as RawNode)).openswitch?.ports;
    const pattern = ports?.name ?? '{n}';
    const number = /^(?:eth)?(\d+)$/.exec(written)?.[1];
    if (number === undefined) return written;
    return pattern.replace('{n}', String((ports?.first ?? 1) + (Number(number) - 1) * (ports?.step ?? 1)));
  }

  /** Interfaces of bridges, like those of the host, live in the host's namespace, where a name can be there once. */
  #take(written: Written, name: string, node: LabNode | undefined): void {
    const onHost = node === undefined || node.kind === 'host' || bridgeKinds.includes(node.kind);
    const key = `${onHost ? 'host' : written.node}:${name}`;
    const before = this.#taken.get(key);
    const here = this.#context.source.where(written.place);
    this.#taken.set(key, before ?? here);
    if (before === undefined) return;
    const hint = onHost
      ? 'interfaces of bridges and of the host share one namespace: give each its own name'
      : 'an interface takes one link';
    throw new LinecardError(
      'LC_CONFLICT',
      `the interface ${written.node}:${written.interface} is used by the link at ${before} already`,
      { hint },
    );
  }
}

function isStub(type: NonNullable<RawLink['type']>): type is Stub['type'] {
  return type === 'macvlan' || type === 'vxlan' || type === 'vxlan-stitch' || type === 'dummy';
}

/** A brief link says by its node names what it is. */
function briefType(written: readonly Written[]): NonNullable<RawLink['type']> {
  if (written.some(({ node }) => node === 'macvlan')) return 'macvlan';
  return written.some(({ node }) => node === 'dummy') ? 'dummy' : 'veth';
}

function addressesOf(written: Written, raw: RawLink, side: 0 | 1): string[] {
  const own = [written.raw?.ipv4 ?? [], written.raw?.ipv6 ?? []].flat();
  const shared = [raw.ipv4?.[side], raw.ipv6?.[side]].filter((one) => one !== undefined && one !== '') as string[];
  return [...own, ...shared].map((text) => {
    parseCidr(text);
    return text;
  });
}

/** The number at the end of an interface's name, if it can be an OpenFlow port. */
function numberIn(name: string): number | undefined {
  const number = Number(/(\d+)$/.exec(name)?.[1]);
  return number >= 1 && number <= 65279 ? number : undefined;
}
