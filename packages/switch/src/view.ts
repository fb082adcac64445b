import {
  type Change,
  type Lookup,
  type OvsdbSession,
  Replica,
  type RowOf,
  type TlsFiles,
  type Uuid,
  type VswitchTables,
  vswitch,
} from '@linecard/ovsdb';

/** What is copied of the database. Statistics are left out: they change every few seconds and would wake the daemon. */
const columns = {
  Open_vSwitch: ['bridges', 'next_cfg', 'cur_cfg', 'ovs_version', 'other_config', 'external_ids', 'ssl', 'datapaths'],
  Datapath: ['capabilities'],
  SSL: ['private_key', 'certificate', 'ca_cert'],
  Bridge: [
    'name',
    'datapath_type',
    'datapath_id',
    'ports',
    'controller',
    'protocols',
    'fail_mode',
    'other_config',
    'external_ids',
  ],
  Port: ['name', 'interfaces', 'tag', 'trunks', 'vlan_mode', 'qos'],
  Interface: [
    'name',
    'type',
    'options',
    'ofport',
    'ofport_request',
    'ifindex',
    'error',
    'mac_in_use',
    'mtu_request',
    'ingress_policing_rate',
    'ingress_policing_burst',
    'external_ids',
  ],
  Controller: ['target', 'is_connected', 'role', 'status', 'external_ids'],
  QoS: ['type', 'other_config', 'external_ids'],
} as const;

type Columns = typeof columns;
/** The tables that a switch is made of. */
export type SwitchTables = VswitchTables;
/** The copy of the database. */
export type SwitchReplica = Replica<VswitchTables, Columns>;
export type BridgeRow = RowOf<VswitchTables, Columns, 'Bridge'>;
export type PortRow = RowOf<VswitchTables, Columns, 'Port'>;
export type InterfaceRow = RowOf<VswitchTables, Columns, 'Interface'>;
export type ControllerRow = RowOf<VswitchTables, Columns, 'Controller'>;
export type QosRow = RowOf<VswitchTables, Columns, 'QoS'>;
export type RootRow = RowOf<VswitchTables, Columns, 'Open_vSwitch'>;
/** How a row changed. */
export type SwitchChange = Change<VswitchTables, Columns>;

/** The rows of a switch, found by what people call them. */
export class SwitchView {
  readonly replica: SwitchReplica;
  readonly #bridgeByName: Lookup<string, BridgeRow>;
  readonly #bridgeByPort: Lookup<Uuid, BridgeRow>;
  readonly #portByName: Lookup<string, PortRow>;
  readonly #portByInterface: Lookup<Uuid, PortRow>;
  readonly #portByQos: Lookup<Uuid, PortRow>;
  readonly #interfaceByName: Lookup<string, InterfaceRow>;
  readonly #interfaceByIndex: Lookup<number, InterfaceRow>;
  readonly #interfaceByNumber: Lookup<number, InterfaceRow>;
  readonly #interfaceByRequest: Lookup<number, InterfaceRow>;

  constructor(session: OvsdbSession) {
    this.replica = new Replica(session, vswitch, columns);
    this.#bridgeByName = this.replica.byColumn('Bridge', 'name');
    this.#bridgeByPort = this.replica.byColumn('Bridge', 'ports');
    this.#portByName = this.replica.byColumn('Port', 'name');
    this.#portByInterface = this.replica.byColumn('Port', 'interfaces');
    this.#portByQos = this.replica.byColumn('Port', 'qos');
    this.#interfaceByName = this.replica.byColumn('Interface', 'name');
    this.#interfaceByIndex = this.replica.byColumn('Interface', 'ifindex');
    this.#interfaceByNumber = this.replica.byColumn('Interface', 'ofport');
    this.#interfaceByRequest = this.replica.byColumn('Interface', 'ofport_request');
  }

  /** The one row of table Open_vSwitch; an emptied database has none. */
  root(): RootRow | undefined {
    for (const row of this.replica.table('Open_vSwitch').values()) return row;
    return undefined;
  }

  /** What ovs-vswitchd says of a type of datapath, such as `ct_zero_snat`; undefined until something uses it. */
  capability(datapathType: string, name: string): string | undefined {
    const uuid = this.root()?.datapaths.get(datapathType);
    return uuid === undefined ? undefined : this.replica.table('Datapath').get(uuid)?.capabilities.get(name);
  }

  /** The files of `ovs-vsctl set-ssl`, which hold for everything on this host that speaks SSL; undefined without. */
  tls(): TlsFiles | undefined {
    const uuid = this.root()?.ssl;
    const row = uuid === undefined ? undefined : this.replica.table('SSL').get(uuid);
    return row && { key: row.private_key, cert: row.certificate, ca: row.ca_cert };
  }

  bridges(): IterableIterator<BridgeRow> {
    return this.replica.table('Bridge').values();
  }

  bridge(name: string): BridgeRow | undefined {
    return this.#bridgeByName.one(name);
  }

  /** Whether a bridge is switched by ovs-vswitchd itself and not by the kernel. */
  isUserspace(bridge: string): boolean {
    return this.bridge(bridge)?.datapath_type === 'netdev';
  }

  port(name: string): PortRow | undefined {
    return this.#portByName.one(name);
  }

  interface(name: string): InterfaceRow | undefined {
    return this.#interfaceByName.one(name);
  }

  /** The interfaces whose device has this index in the host's namespace: more than one only while a device changes. */
  interfacesAt(ifindex: number): readonly InterfaceRow[] {
    return this.#interfaceByIndex.get(ifindex);
  }

  /** The name of the bridge that a port of this name is on. */
  bridgeOf(portName: string): string | undefined {
    const port = this.port(portName);
    return port && this.#bridgeByPort.one(port._uuid)?.name;
  }

  /** The port that an interface belongs to (a bond has several interfaces). */
  portOf(iface: InterfaceRow): PortRow | undefined {
    return this.#portByInterface.one(iface._uuid);
  }

  /** The name of the bridge that an interface is on. */
  bridgeOfInterface(iface: InterfaceRow): string | undefined {
    const port = this.portOf(iface);
    return port && this.#bridgeByPort.one(port._uuid)?.name;
  }

  /** All interfaces of a bridge, its local one included. */
  interfacesOf(bridge: string): InterfaceRow[] {
    const [ports, interfaces] = [this.replica.table('Port'), this.replica.table('Interface')];
    const rows: InterfaceRow[] = [];
    for (const portUuid of this.bridge(bridge)?.ports ?? []) {
      for (const uuid of ports.get(portUuid)?.interfaces ?? []) {
        const row = interfaces.get(uuid);
        if (row) rows.push(row);
      }
    }
    return rows;
  }

  /** The interfaces of a bridge that have an OpenFlow port number, or ask for it. */
  interfacesNumbered(bridge: string, ofport: number): InterfaceRow[] {
    const rows = new Set([...this.#interfaceByNumber.get(ofport), ...this.#interfaceByRequest.get(ofport)]);
    return [...rows].filter((row) => this.bridgeOfInterface(row) === bridge);
  }

  /** What every QoS row says, whether a port has it or not. */
  qos(): IterableIterator<QosRow> {
    return this.replica.table('QoS').values();
  }

  /** The QoS of a port; undefined when it has none. */
  qosOf(port: string): QosRow | undefined {
    const uuid = this.port(port)?.qos;
    return uuid === undefined ? undefined : this.replica.table('QoS').get(uuid);
  }

  /** The ports that have a QoS row. */
  portsWithQos(qos: Uuid): readonly PortRow[] {
    return this.#portByQos.get(qos);
  }

  /** The controllers of a bridge. */
  controllersOf(bridge: BridgeRow): ControllerRow[] {
    const rows = this.replica.table('Controller');
    return bridge.controller.flatMap((uuid) => rows.get(uuid) ?? []);
  }

  /** The controllers of all bridges. */
  controllers(): IterableIterator<ControllerRow> {
    return this.replica.table('Controller').values();
  }
}
