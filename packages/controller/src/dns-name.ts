import { decode } from 'dns-packet';

/**
 * The name in the first question of a DNS query (RFC 1035 section 4.1), in lower case and without the last dot.
 * Undefined for a response, for a message without a question and for one that is cut short.
 */
export function questionName(message: Uint8Array): string | undefined {
  try {
    const { type, questions } = decode(Buffer.from(message.buffer, message.byteOffset, message.byteLength));
    return type === 'query' ? questions?.[0]?.name.toLowerCase() : undefined;
  } catch {
    return undefined; // what is no DNS message asks for nothing
  }
}
