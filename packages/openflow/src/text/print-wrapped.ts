import { decode } from '../codec.js';
import { errorPairs, OpenFlowDecodeError } from '../core/errors.js';
import { errorName, errorPayload } from '../error-names.js';
import type { Embedded } from '../messages/embedded.js';
import type { Message, MessageOf } from '../messages/types.js';
import { formatBitNames } from './bit-names.js';
import { hexDump } from './plain.js';
import { formatGroupMod, formatMeterMod } from './print-groups.js';
import { titleOf } from './titles.js';

/** Prints a message inside of a message. */
export type InnerPrinter = (message: Message) => string;

const bundleFlags = ['atomic', 'ordered', 'time'];
const alternateHex = (value: number): string => (value === 0 ? '0' : `0x${value.toString(16)}`);

/** A bundle's beginning, end or answer, behind the header. */
export function formatBundleControl(m: MessageOf<'bundle_control'> | MessageOf<'onf_bundle_control'>): string {
  const type = typeof m.ctrl_type === 'number' ? `UNKNOWN_${m.ctrl_type}` : m.ctrl_type.toUpperCase();
  return `\n bundle_id=${alternateHex(m.bundle_id)} type=${type} flags=${formatBitNames(m.flags, bundleFlags)}`;
}

/** A message that joins a bundle, behind the header. */
export function formatBundleAdd(
  m: MessageOf<'bundle_add_message'> | MessageOf<'onf_bundle_add_message'>,
  print: InnerPrinter,
): string {
  const flags = formatBitNames(m.flags, bundleFlags);
  return `\n bundle_id=${alternateHex(m.bundle_id)} flags=${flags}\n${print(m.content.message as Message)}`;
}

/** The request of another controller, behind the header. */
export function formatForwarded(request: Embedded, print: InnerPrinter): string {
  const message = request as Message;
  if (message.type === 'group_mod' || message.type === 'nx_group_mod') {
    return ` reason=group_mod\n ${formatGroupMod(message)}`;
  }
  return message.type === 'meter_mod' ? ` reason=meter_mod${formatMeterMod(message)}` : `\n${print(message)}`;
}

const headerSize = 8;
const HELLO_FAILED = 0;

/** An error with the message that it is about. */
export function formatError(m: MessageOf<'error'>, print: InnerPrinter): string {
  const payload = errorPayload(m);
  const about = m.error_type === HELLO_FAILED ? printable(payload) : culprit(payload, print);
  return ` ${errorName(m.version, m.error_type, m.error_code, m.data)}\n${about}`;
}

function culprit(bytes: Uint8Array, print: InnerPrinter): string {
  if (bytes.length === 0) return 'OpenFlow message is empty';
  if (bytes.length < headerSize) {
    return `OpenFlow packet too short (only ${bytes.length} bytes):\n${hexDump(bytes)}`;
  }
  const length = (bytes[2]! << 8) | bytes[3]!;
  if (length < bytes.length) return `(***only uses ${length} bytes out of ${bytes.length}***)\n${hexDump(bytes)}`;
  if (length > bytes.length) {
    const title = titleOf(bytes);
    const head = title === undefined ? '' : `${title}\n`;
    return `${head}(***truncated to ${bytes.length} bytes from ${length}***)\n${hexDump(bytes)}`;
  }
  try {
    const message = decode(bytes);
    if (message.type === 'unknown') throw new OpenFlowDecodeError(errorPairs.badType, 'no message has this type');
    return print(message);
  } catch (error) {
    if (!(error instanceof OpenFlowDecodeError)) throw error;
    const name = errorName(bytes[0]!, error.errorType, error.errorCode);
    return `***decode error: ${name}***\n${hexDump(bytes)}`;
  }
}

/** Text of the other side; what is no plain character stands as three octal digits. */
function printable(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    return isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
  }).join('');
}
