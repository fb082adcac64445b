import { LinecardError } from '@linecard/wire';
import { align4, LITTLE, viewOf } from './host-order.js';
import { decodeStruct, encodeStruct, sizeOf } from './message.js';

/** struct nlmsghdr of linux/netlink.h. */
const header = { length: 'u32', type: 'u16', flags: 'u16', sequence: 'u32', port: 'u32' } as const;
const HEADER = sizeOf(header);

/** Flags of a netlink message (linux/netlink.h). */
export const NLM_F = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  DUMP_INTR: 0x10,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
} as const;

/** Message types below 16 belong to netlink itself. */
export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const;

/** One message of a datagram; the payload is a view, valid as long as the datagram. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
  readonly payload: Uint8Array;
}

/** Cuts a datagram into its messages. Throws `LC_PROTOCOL` when a length leaves the datagram. */
export function decodeFrames(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  while (at < bytes.length) {
    const head = decodeStruct(header, bytes.subarray(at));
    if (head.length < HEADER || head.length > bytes.length - at) {
      throw new LinecardError(
        'LC_PROTOCOL',
        `netlink: a message of ${head.length} bytes at offset ${at} does not fit in a datagram of ${bytes.length} bytes`,
      );
    }
    const { type, flags, sequence, port } = head;
    frames.push({ type, flags, sequence, port, payload: bytes.subarray(at + HEADER, at + head.length) });
    at += align4(head.length);
  }
  return frames;
}

/**
 * The length of the whole messages at the start of `bytes`, for a stream of messages that may end in a part of one.
 * Throws `LC_PROTOCOL` on a length that no message can have, or above `largest`.
 */
export function wholeFrames(bytes: Uint8Array, largest: number): number {
  const view = viewOf(bytes);
  let at = 0;
  while (bytes.length - at >= HEADER) {
    const length = view.getUint32(at, LITTLE);
    if (length < HEADER || length > largest) {
      throw new LinecardError('LC_PROTOCOL', `netlink: a message of ${length} bytes in a stream of messages`);
    }
    if (align4(length) > bytes.length - at) break;
    at += align4(length);
  }
  return at;
}

/** The bytes of one message. */
export function encodeFrame(frame: Omit<Frame, 'port'>): Uint8Array {
  const out = new Uint8Array(align4(HEADER + frame.payload.length));
  const { type, flags, sequence } = frame;
  out.set(encodeStruct(header, { length: HEADER + frame.payload.length, type, flags, sequence }));
  out.set(frame.payload, HEADER);
  return out;
}

/** The errno (positive; 0 is an acknowledgement) of a NLMSG_ERROR or NLMSG_DONE payload. */
export function errnoOf(frame: Frame): number {
  if (frame.type === NLMSG.DONE && frame.payload.length < 4) return 0;
  return Math.abs(decodeStruct({ error: 'i32' }, frame.payload).error);
}
