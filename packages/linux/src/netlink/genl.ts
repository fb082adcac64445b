import { attributes } from './attributes.js';
import { Channel } from './channel.js';
import { text, u16, u32 } from './codecs.js';
import type { Frame } from './frame.js';
import { isErrno } from './kernel-error.js';
import { payload } from './message.js';
import { NETLINK_GENERIC, openSocket } from './transport.js';

/** struct genlmsghdr of linux/genetlink.h. */
export const genlmsghdr = { command: 'u8', version: 'u8', reserved: 'u16' } as const;

/** CTRL_ATTR_*: what the controller of generic netlink tells of a family. */
const control = payload(genlmsghdr, attributes({ id: [1, u16], name: [2, text], version: [3, u32] }));
const GENL_ID_CTRL = 16;
const CTRL_CMD_GETFAMILY = 3;

/** A generic netlink socket and the numbers of the families found so far. */
export class GenericNetlink {
  readonly #channel = new Channel((events) => openSocket(NETLINK_GENERIC, events));
  readonly #families = new Map<string, number>();

  close(): Promise<void> {
    return this.#channel.close();
  }

  /** The number of a family, or undefined when no loaded module provides it. */
  async family(name: string): Promise<number | undefined> {
    const known = this.#families.get(name);
    if (known !== undefined) return known;
    const id = await this.#ask(name).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (id !== undefined) this.#families.set(name, id);
    return id;
  }

  async #ask(name: string): Promise<number | undefined> {
    const frames = await this.#channel.request({
      what: `find the generic netlink family ${name}`,
      type: GENL_ID_CTRL,
      payload: control.encode({ command: CTRL_CMD_GETFAMILY, version: 1 }, { name }),
    });
    const frame = frames[0];
    return frame === undefined ? undefined : control.decode(frame.payload).attrs.id;
  }

  /** Sends a request to a family by its number. */
  request(what: string, family: number, bytes: Uint8Array): Promise<readonly Frame[]> {
    return this.#channel.request({ what, type: family, payload: bytes });
  }
}
