/** Labels of a name (RFC 1035 section 2.3.4 allows 127, a question seldom has more than ten). */
const maxLabels = 127;

/**
 * The name in the first question of a DNS query (RFC 1035 section 4.1), in lower case and without the last dot.
 * Undefined for a response, for a message without a question and for one that is cut short. A question at the start of
 * a message has nothing to point back to, so a compressed name is no name.
 */
export function questionName(message: Uint8Array): string | undefined {
  const isQuery = message.length >= 12 && (message[2]! & 0xf8) === 0 && (message[4] !== 0 || message[5] !== 0);
  if (!isQuery) return undefined;
  const labels: string[] = [];
  for (let at = 12; at < message.length && labels.length <= maxLabels; ) {
    const length = message[at]!;
    const end = at + 1 + length;
    if (length === 0) return end + 4 <= message.length ? labels.join('.').toLowerCase() : undefined;
    if (length > 63 || end > message.length) return undefined;
    labels.push(Buffer.from(message.subarray(at + 1, end)).toString('latin1'));
    at = end;
  }
  return undefined;
}
