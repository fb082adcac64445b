import { Addresses, isNetworkGroup, Northbound, type NorthboundChange, networksIn } from '@linecard/ovn';
import type { TlsFiles } from '@linecard/ovsdb';
import type { OpenvSwitch, SwitchChange, SwitchView } from '@linecard/switch';
import { LinecardError } from '@linecard/wire';

/** What `ovs-vsctl set Open_vSwitch . external_ids:...` says of this host's part in OVN. */
export interface HostSettings {
  /** The name of this host's chassis. */
  readonly host: string;
  /** Endpoints of the northbound database. */
  readonly northbound: string;
  /** Endpoints of the southbound database. */
  readonly southbound: string | undefined;
  readonly encapIp: string | undefined;
  readonly encapType: string;
  readonly bridge: string;
  /** The files of `ovs-vsctl set-ssl`: for endpoints that begin with `ssl:`. */
  readonly tls?: TlsFiles;
}

/** The northbound database of this host's OVN, once it is known where that is. */
export interface Central {
  readonly settings: HostSettings;
  readonly nb: Northbound;
  readonly addresses: Addresses;
}

/** How long an address that was released is not given to another container, in ms. */
const quarantineMs = 30_000;

/** The counters of configurations in the Open_vSwitch row change with every port; a column that did not is the same map. */
function isSetting(change: SwitchChange): boolean {
  if (change.table !== 'Open_vSwitch') return change.table === 'SSL';
  return change.old?.external_ids !== change.new?.external_ids;
}

/**
 * Follows `external_ids` of the host's Open_vSwitch row to the northbound database, also when they change. Until they
 * are there nothing is connected: a host without OVN pays nothing.
 */
export class CentralLink {
  readonly #ovs: OpenvSwitch;
  readonly #onReady: () => void;
  readonly #onLost: (error: unknown) => void;
  /** Told of logical ports and networks of this host that have come up in the database, by their IDs. */
  readonly #onFound: (id: string) => void;
  readonly #onChange: (changes: readonly NorthboundChange[]) => void;
  /** Whether this host has a port or network, by its ID. */
  readonly #isWanted: (id: string) => boolean;
  #current: Central | undefined;

  constructor(
    ovs: OpenvSwitch,
    hooks: {
      onReady: () => void;
      onLost: (error: unknown) => void;
      onFound: (id: string) => void;
      onChange: (changes: readonly NorthboundChange[]) => void;
      isWanted: (id: string) => boolean;
    },
  ) {
    this.#ovs = ovs;
    this.#onReady = hooks.onReady;
    this.#onLost = hooks.onLost;
    this.#onFound = hooks.onFound;
    this.#onChange = hooks.onChange;
    this.#isWanted = hooks.isWanted;
    const follow = () => this.#follow();
    ovs.view.replica.on('synced', follow).on('change', (changes) => {
      if (changes.some(isSetting)) follow();
    });
  }

  /** What is connected to, whether it answers or not. */
  get current(): Central | undefined {
    return this.#current;
  }

  /** Resolves when the northbound database answers. Rejects with `LC_INVALID` without settings, else as it does. */
  async ready(timeoutMs: number): Promise<Central> {
    await this.#ovs.whenReady(timeoutMs);
    this.#follow();
    const current = this.#current;
    if (current === undefined) {
      throw new LinecardError(
        'LC_INVALID',
        'this host does not know its OVN: external_ids of Open_vSwitch lack ovn-nb',
        {
          hint: '`linecard ovn join CENTRAL` sets it up; networks of this host alone are made with -d ovs',
        },
      );
    }
    await current.nb.whenReady(timeoutMs);
    return current;
  }

  async close(): Promise<void> {
    await this.#current?.nb.close();
    this.#current = undefined;
  }

  /** Whether a row that was removed says of this host what is still true. */
  #misses({ table, old }: NorthboundChange): boolean {
    const ids = old?.external_ids ?? new Map<string, string>();
    const host = this.#current?.settings.host ?? '';
    if (table === 'Logical_Switch_Port') return this.#isWanted(old?.name ?? '');
    if (table === 'DNS') return ids.get('host') === host && ids.get('kind') === 'endpoint';
    return networksIn(ids, host).some(({ id }) => this.#isWanted(id));
  }

  #follow(): void {
    if (!this.#ovs.ready) return;
    const settings = readSettings(this.#ovs.view);
    if (connectionOf(this.#current?.settings) === connectionOf(settings)) {
      if (this.#current !== undefined && settings !== undefined) this.#current = { ...this.#current, settings };
      return;
    }
    this.#current?.nb.close().catch(() => undefined);
    this.#current = undefined;
    if (settings === undefined) return;
    try {
      const nb = new Northbound({ endpoint: settings.northbound, ...tlsOf(settings) });
      const addresses = new Addresses(nb, { host: settings.host, quarantineMs });
      nb.replica.on('synced', this.#onReady).on('change', (changes) => {
        for (const { new: row, old } of changes) {
          const ids = row?.external_ids;
          if (ids === undefined || old !== undefined) continue;
          const isEndpoint = ids.get('linecard') === 'endpoint' && ids.get('host') === settings.host;
          if (isEndpoint && 'name' in row!) this.#onFound(row.name);
          for (const { id } of networksIn(ids, settings.host)) this.#onFound(id);
        }
        // Taken away by somebody who took this host for dead, or by hand: what this host removes it does not want any more.
        if (changes.some((change) => change.new === undefined && this.#misses(change))) this.#onReady();
        // ACLs for whole networks: each host puts its own ports into their group.
        const isWall = (change: (typeof changes)[number]) =>
          change.table === 'Port_Group' && change.old === undefined && isNetworkGroup(change.new?.name ?? '');
        if (changes.some(isWall)) this.#onReady();
        this.#onChange(changes);
      });
      this.#current = { settings, nb, addresses };
      nb.start();
    } catch (error) {
      this.#onLost(error);
    }
  }
}

/** What the connection to the northbound database is made of. */
function connectionOf(settings: HostSettings | undefined): string {
  return JSON.stringify([settings?.host, settings?.northbound, settings?.tls]);
}

/** The files for a session, as an option of it. */
export function tlsOf({ tls }: { readonly tls?: TlsFiles | undefined }): { readonly tls?: TlsFiles } {
  return tls === undefined ? {} : { tls };
}

function readSettings(view: SwitchView): HostSettings | undefined {
  const ids = view.root()?.external_ids ?? new Map<string, string>();
  const [host, northbound] = [ids.get('system-id'), ids.get('ovn-nb')];
  if (host === undefined || northbound === undefined) return undefined;
  return {
    host,
    northbound,
    southbound: ids.get('ovn-remote'),
    encapIp: ids.get('ovn-encap-ip'),
    encapType: ids.get('ovn-encap-type')?.split(',')[0] ?? 'geneve',
    bridge: ids.get('ovn-bridge') ?? 'br-int',
    ...tlsOf({ tls: view.tls() }),
  };
}
