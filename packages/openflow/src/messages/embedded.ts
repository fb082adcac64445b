import type { Kind } from '../core/kinds.js';
import type { Reader } from '../core/reader.js';
import type { Writer } from '../core/writer.js';

/** A message inside a message. Its type is `Message`; the tables that hold it are part of what that is made of. */
export interface Embedded {
  readonly type: string;
  readonly version: number;
  readonly xid?: number;
}

/** A whole message, up to the end that its header says. */
export const embedded: Kind<Embedded> = {
  read: (r: Reader) => {
    r.deeper();
    const message = r.readMessage(r) as Embedded;
    r.shallower();
    return message;
  },
  write: (w: Writer, message) => w.writeMessage(w, message as never),
};
