import { macOfKey } from '@linecard/packet';

/** A port of a switch, whatever its version. */
export interface Port {
  /** Reserved ports have their 32-bit numbers in all versions: LOCAL is 0xfffffffe. */
  readonly number: number;
  readonly name: string;
  /** `aa:bb:cc:dd:ee:ff` */
  readonly mac: string;
  /** Whether the link is there and nobody has taken the port down. */
  readonly up: boolean;
  /** Bits of OFPPC_* as the version has them. */
  readonly config: number;
  /** Bits of OFPPS_* as the version has them. */
  readonly state: number;
}

/** What the descriptions of a port have in common in all versions. */
export interface PortDescription {
  readonly port_no: number;
  readonly name: string;
  readonly hw_addr: number;
  readonly config: number;
  readonly state: number;
}

const portDown = 1;
const linkDown = 1;

/** The port of a description: bit 0 of config and state means down in every version. */
export function portOf(desc: PortDescription): Port {
  return {
    number: desc.port_no,
    name: desc.name,
    mac: macOfKey(desc.hw_addr),
    up: (desc.config & portDown) === 0 && (desc.state & linkDown) === 0,
    config: desc.config,
    state: desc.state,
  };
}
