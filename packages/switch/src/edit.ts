import type { NamedRef, TlsFiles, Transaction, Uuid } from '@linecard/ovsdb';
import { LinecardError } from '@linecard/wire';
import { appErrorKey, appKey, appOf, controllerIds, controllerTarget } from './embedded.js';
import type { BridgeSpec, PortSpec, QosSpec } from './specs.js';
import type { BridgeRow, InterfaceRow, PortRow, SwitchTables, SwitchView } from './view.js';

type Ids = ReadonlyMap<string, string>;
type Ref = Uuid | NamedRef;
type ControllersSpec = Pick<BridgeSpec, 'controllers' | 'controllerIds'>;

const sameList = (a: readonly unknown[], b: readonly unknown[]) =>
  a.length === b.length && [...a].sort().every((value, i) => value === [...b].sort()[i]);

const sameMap = (a: Ids, b: Ids) => a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);

/** The columns of `wanted` whose value differs from the row's. */
function differences<Row extends object>(row: Row, wanted: Partial<Row>): Partial<Row> {
  const changed = Object.entries(wanted).filter(([column, value]) => {
    const old = row[column as keyof Row];
    if (Array.isArray(value)) return !sameList(value, old as readonly unknown[]);
    return value instanceof Map ? !sameMap(value, old as Ids) : value !== old;
  });
  return Object.fromEntries(changed) as Partial<Row>;
}

/** The columns of a PortSpec that stand in the Port row. */
function portColumns(spec: PortSpec) {
  const trunks = spec.trunks ?? [];
  const mode = trunks.length === 0 ? undefined : spec.tag === undefined ? 'trunk' : 'native-untagged';
  return { tag: spec.tag, trunks, vlan_mode: mode } as const;
}

/** The columns of a PortSpec that stand in the Interface row. */
function interfaceColumns(spec: PortSpec) {
  return {
    type: spec.type,
    options: spec.options ?? new Map<string, string>(),
    ofport_request: spec.ofport,
    ingress_policing_rate: spec.policing?.rate ?? 0,
    ingress_policing_burst: spec.policing?.burst ?? 0,
  } as const;
}

/**
 * Writes into one transaction what a switch lacks of what it should be: each `ensure` compares with the rows as they
 * are and adds only the difference, so that an edit of a switch that is as it should be is empty.
 */
export class SwitchEdit {
  readonly #tx: Transaction<SwitchTables>;
  readonly #view: SwitchView;
  readonly #newBridges = new Map<string, NamedRef>();
  constructor(tx: Transaction<SwitchTables>, view: SwitchView) {
    this.#tx = tx;
    this.#view = view;
  }

  /** Makes or mends a bridge with its local port. */
  ensureBridge(spec: BridgeSpec): void {
    const row = this.#view.bridge(spec.name);
    if (row === undefined) this.#insertBridge(spec);
    else this.#mendBridge(spec, row);
  }

  #mendBridge(spec: BridgeSpec, row: BridgeRow): void {
    const changes = differences(row, {
      datapath_type: spec.datapathType,
      ...(spec.failMode === undefined ? {} : { fail_mode: spec.failMode }),
      ...(spec.protocols === undefined ? {} : { protocols: spec.protocols as (typeof row)['protocols'] }),
    });
    if (Object.keys(changes).length > 0) this.#tx.update('Bridge', row._uuid, changes);
    this.#ensureKeys('Bridge', row._uuid, 'other_config', row.other_config, spec.otherConfig);
    this.setIds('Bridge', spec.name, spec.externalIds);
    this.#ensureControllers(spec, row);
    this.#ensureLocal(spec);
  }

  #insertBridge(spec: BridgeSpec): void {
    const tx = this.#tx;
    const local = tx.insert('Interface', {
      name: spec.name,
      type: 'internal',
      ...(spec.local.mtu === undefined ? {} : { mtu_request: spec.local.mtu }),
    });
    const port = tx.insert('Port', {
      name: spec.name,
      interfaces: [local],
      ...(spec.local.tag === undefined ? {} : { tag: spec.local.tag }),
    });
    const bridge = tx.insert('Bridge', {
      name: spec.name,
      datapath_type: spec.datapathType,
      ...(spec.failMode === undefined ? {} : { fail_mode: spec.failMode }),
      ...(spec.protocols === undefined ? {} : { protocols: spec.protocols as never }),
      other_config: spec.otherConfig,
      external_ids: spec.externalIds,
      controller: (spec.controllers ?? []).map((controller) => this.#insertController(controller, spec)),
      ports: [port],
    });
    this.#newBridges.set(spec.name, bridge);
    this.#changeRoot('insert', [bridge]);
  }

  #changeRoot(how: 'insert' | 'delete', bridges: Ref[]): void {
    const root = this.#view.root();
    // An emptied database has no row to hang bridges on until somebody makes it, which `ovs-vsctl init` does too.
    if (root === undefined) this.#tx.insert('Open_vSwitch', { bridges });
    else this.#tx.mutate('Open_vSwitch', root._uuid, [['bridges', how, bridges]]);
  }

  #insertController(controller: string, { controllerIds: more = new Map() }: ControllersSpec): NamedRef {
    const target = controllerTarget(controller);
    // Out-of-band: in-band control would add hidden flows for controllers that are reached through the host anyway.
    // A socket of this machine costs nothing to try again: its program is back after a moment.
    const backoff = target.startsWith('unix:') ? { max_backoff: 1000 } : {};
    return this.#tx.insert('Controller', {
      target,
      connection_mode: 'out-of-band',
      external_ids: new Map([...controllerIds(controller), ...more]),
      ...backoff,
    });
  }

  /** Replaces the controllers of a bridge; nothing happens when there is no such bridge. */
  setControllers(name: string, controllers: readonly string[]): void {
    const row = this.#view.bridge(name);
    if (row) this.#ensureControllers({ controllers }, row);
  }

  #ensureControllers(spec: ControllersSpec, bridge: BridgeRow): void {
    const { controllers } = spec;
    if (controllers === undefined) return;
    const wanted = new Map(controllers.map((one) => [controllerTarget(one), one]));
    const rows = this.#view.controllersOf(bridge);
    const targets = rows.map(({ target }) => target);
    if (!sameList(targets, [...wanted.keys()])) {
      const controller = [...wanted.values()].map((one) => this.#insertController(one, spec));
      this.#tx.update('Bridge', bridge._uuid, { controller });
      return;
    }
    // The connection of a row that only lacks its keys must not break.
    for (const { _uuid, target, external_ids } of rows) {
      const ids = controllerIds(wanted.get(target)!);
      this.#ensureKeys('Controller', _uuid, 'external_ids', external_ids, ids, [appKey]);
    }
  }

  /** Takes a controller away from its bridge. Nothing happens when it is on none. */
  removeController(uuid: Uuid): void {
    const bridge = [...this.#view.bridges()].find(({ controller }) => controller.includes(uuid));
    if (bridge) this.#tx.mutate('Bridge', bridge._uuid, [['controller', 'delete', [uuid]]]);
  }

  /** Says beside every controller that leads to an app why it is not served, or takes that away. */
  setAppError(app: string, error: string | undefined): void {
    const ids = new Map(error === undefined ? [] : [[appErrorKey, error]]);
    for (const row of this.#view.controllers()) {
      if (appOf(row) !== app) continue;
      this.#ensureKeys('Controller', row._uuid, 'external_ids', row.external_ids, ids, [appErrorKey]);
    }
  }

  #ensureLocal(spec: BridgeSpec): void {
    const local = this.#view.interface(spec.name);
    const port = this.#view.port(spec.name);
    if (local && spec.local.mtu !== undefined && local.mtu_request !== spec.local.mtu) {
      this.#tx.update('Interface', local._uuid, { mtu_request: spec.local.mtu });
    }
    if (port && port.tag !== spec.local.tag) this.#tx.update('Port', port._uuid, { tag: spec.local.tag });
  }

  /** Makes or mends a port. Throws `LC_NOT_FOUND` without its bridge, `LC_CONFLICT` when another bridge has it. */
  ensurePort(spec: PortSpec): void {
    const bridge = this.#newBridges.get(spec.bridge) ?? this.#view.bridge(spec.bridge)?._uuid;
    if (bridge === undefined) throw new LinecardError('LC_NOT_FOUND', `there is no bridge ${spec.bridge}`);
    const port = this.#view.port(spec.name);
    const row = this.#view.interface(spec.name);
    if (port === undefined || row === undefined) this.#insertPort(spec, bridge);
    else this.#mendPort(spec, port, row);
  }

  #mendPort(spec: PortSpec, port: PortRow, row: InterfaceRow): void {
    const holder = this.#view.bridgeOf(spec.name);
    if (holder !== spec.bridge) {
      throw new LinecardError('LC_CONFLICT', `interface ${spec.name} is a port of bridge ${holder}`, {
        hint: `ovs-vsctl del-port ${spec.name} frees it`,
      });
    }
    const portChanges = differences(port, portColumns(spec) as Partial<typeof port>);
    if (Object.keys(portChanges).length > 0) this.#tx.update('Port', port._uuid, portChanges);
    const changes = differences(row, interfaceColumns(spec) as Partial<typeof row>);
    if (Object.keys(changes).length > 0) this.#tx.update('Interface', row._uuid, changes);
    this.setIds('Interface', spec.name, spec.externalIds, spec.ownedIds);
  }

  #insertPort(spec: PortSpec, bridge: Ref): void {
    const tx = this.#tx;
    const iface = tx.insert('Interface', {
      name: spec.name,
      ...interfaceColumns(spec),
      external_ids: spec.externalIds,
    });
    const port = tx.insert('Port', { name: spec.name, interfaces: [iface], ...portColumns(spec) });
    tx.mutate('Bridge', bridge, [['ports', 'insert', [port]]]);
  }

  /** Takes a port off its bridge; the device itself stays. Nothing happens when there is no such port. */
  removePort(name: string): void {
    const port = this.#view.port(name);
    const bridge = this.#view.bridge(this.#view.bridgeOf(name) ?? '');
    if (port && bridge) this.#tx.mutate('Bridge', bridge._uuid, [['ports', 'delete', [port._uuid]]]);
  }

  /**
   * Gives a port a QoS row of its own in place of the one that it has, or takes that away: QoS rows stay when their port
   * goes. Nothing happens when there is no such port.
   */
  setQos(name: string, spec: QosSpec | undefined): void {
    const port = this.#view.port(name);
    if (port === undefined) return;
    if (port.qos !== undefined) this.removeQos(port.qos);
    if (spec === undefined) return;
    const row = this.#tx.insert('QoS', {
      type: spec.type,
      other_config: new Map([['max-rate', String(spec.maxRate)]]),
      external_ids: spec.externalIds,
    });
    this.#tx.update('Port', port._uuid, { qos: row });
  }

  /** Removes a QoS row; the ports that have it, if any, have none then. */
  removeQos(uuid: Uuid): void {
    for (const { _uuid } of this.#view.portsWithQos(uuid)) this.#tx.update('Port', _uuid, { qos: undefined });
    this.#tx.delete('QoS', uuid);
  }

  /** Removes a bridge with all its ports. Nothing happens when there is no such bridge. */
  removeBridge(name: string): void {
    const bridge = this.#view.bridge(name);
    if (bridge) this.#changeRoot('delete', [bridge._uuid]);
  }

  /**
   * Sets keys in the `external_ids` of a named row and removes those of `owned` that are not among them. Keys of others
   * stay as they are.
   */
  setIds(table: 'Bridge' | 'Interface', name: string, ids: Ids, owned: readonly string[] = []): void {
    const row = table === 'Bridge' ? this.#view.bridge(name) : this.#view.interface(name);
    if (row) this.#ensureKeys(table, row._uuid, 'external_ids', row.external_ids, ids, owned);
  }

  /** Sets keys in the `external_ids` of the one row of table Open_vSwitch. Throws `LC_OVSDB` when there is none. */
  setRootIds(ids: Ids): void {
    const root = this.#view.root();
    if (root === undefined) throw new LinecardError('LC_OVSDB', 'the database of Open vSwitch is empty');
    const missing = [...ids].filter(([key, value]) => root.external_ids.get(key) !== value);
    if (missing.length > 0) this.#tx.setKeys('Open_vSwitch', root._uuid, 'external_ids', Object.fromEntries(missing));
  }

  /** Overrides what ovs-vswitchd has said of a type of datapath, until it starts again. */
  setCapability(datapathType: string, name: string, value: string): void {
    const row = this.#view.root()?.datapaths.get(datapathType);
    if (row === undefined || this.#view.capability(datapathType, name) === value) return;
    this.#tx.setKeys('Datapath', row, 'capabilities', { [name]: value });
  }

  /** Does what `ovs-vsctl set-ssl` does. Throws `LC_OVSDB` when the database is empty. */
  setTls({ key, cert, ca }: TlsFiles): void {
    const root = this.#view.root();
    if (root === undefined) throw new LinecardError('LC_OVSDB', 'the database of Open vSwitch is empty');
    const present = this.#view.tls();
    if (present?.key === key && present.cert === cert && present.ca === ca) return;
    const columns = { private_key: key, certificate: cert, ca_cert: ca };
    if (present !== undefined && root.ssl !== undefined) this.#tx.update('SSL', root.ssl, columns);
    else this.#tx.update('Open_vSwitch', root._uuid, { ssl: this.#tx.insert('SSL', columns) });
  }

  #ensureKeys(
    table: 'Bridge' | 'Interface' | 'Controller',
    uuid: Uuid,
    column: 'external_ids' | 'other_config',
    old: Ids,
    wanted: Ids,
    owned: readonly string[] = [],
  ): void {
    const entries = Object.fromEntries<string | undefined>([
      ...owned.filter((key) => old.has(key) && !wanted.has(key)).map((key) => [key, undefined] as const),
      ...[...wanted].filter(([key, value]) => old.get(key) !== value),
    ]);
    if (Object.keys(entries).length === 0) return;
    if (table === 'Bridge') this.#tx.setKeys('Bridge', uuid, column, entries);
    else if (table === 'Controller') this.#tx.setKeys('Controller', uuid, column, entries);
    else this.#tx.setKeys('Interface', uuid, column, entries);
  }
}
