/** The Internet checksum (RFC 1071) of `bytes`, continued from `sum`: the value to store, 0 to 0xffff. */
export function checksum(bytes: Uint8Array, sum = 0): number {
  return ~fold(addWords(bytes, sum)) & 0xffff;
}

/** The sum of an IPv4 or IPv6 pseudo header (RFC 768, RFC 8200 section 8.1), to continue {@link checksum} from. */
export function pseudoHeaderSum(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  payloadLength: number,
): number {
  return addWords(destination, addWords(source, protocol + (payloadLength >>> 16) + (payloadLength & 0xffff)));
}

// The sum of a 64 KiB payload stays far below 2^53, so carries are folded once at the end.
function addWords(bytes: Uint8Array, start: number): number {
  let sum = start;
  const even = bytes.length & ~1;
  for (let i = 0; i < even; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  return even === bytes.length ? sum : sum + (bytes[even]! << 8);
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}
