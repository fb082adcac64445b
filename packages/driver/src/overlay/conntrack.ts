import type { OpenvSwitch } from '@linecard/switch';

const datapath = 'netdev';
/** Says to ovn-controller that ct() may translate to address zero, which it then lets every stateful ACL do. */
const capability = 'ct_zero_snat';

/**
 * Whether this version's userspace datapath may die of it: `assertion conn->conn_type == CT_CONN_TYPE_DEFAULT failed in
 * conn_update_state()`. Seen with 3.1.0; on later ones that are mended already it costs nothing.
 */
function isAffected(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  return version !== undefined && (major < 3 || (major === 3 && minor < 3));
}

/**
 * Takes a capability from the userspace datapath of Open vSwitch before 3.3 that kills ovs-vswitchd with the first
 * connection that a stateful ACL lets through. It only spares connections that OVN translates a collision with others.
 * ovs-vswitchd writes its capabilities at every start; they are changed after each.
 */
export class ConntrackGuard {
  readonly #ovs: OpenvSwitch;
  readonly #look: () => void;

  constructor(ovs: OpenvSwitch, onError: (what: string, error: unknown) => void) {
    this.#ovs = ovs;
    this.#look = () => {
      const { view } = ovs;
      if (!ovs.ready || !isAffected(view.root()?.ovs_version) || view.capability(datapath, capability) !== 'true')
        return;
      const withhold = ovs.commit((edit) => edit.setCapability(datapath, capability, 'false'));
      withhold.catch((error: unknown) =>
        onError('keep the userspace datapath from a capability that it has not', error),
      );
    };
  }

  start(): void {
    this.#ovs.view.replica.on('synced', this.#look).on('change', this.#look);
    this.#look();
  }

  close(): void {
    this.#ovs.view.replica.off('synced', this.#look).off('change', this.#look);
  }
}
