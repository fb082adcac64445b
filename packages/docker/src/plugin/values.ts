import { Buffer } from 'node:buffer';
import { isIP } from 'node:net';
import { formatMac, LinecardError, parseCidr, parseMac } from '@linecard/wire';
import { z } from 'zod';

/** The longest name, address space, pool ID or option value that is taken from Docker, in characters. */
const longest = 4096;

/** Text of bounded length. */
export const text = z.string().max(longest);

/** What Go sends for an empty string: nothing. */
function emptyIsAbsent(value: string | null | undefined): string | undefined {
  return value === '' || value === null ? undefined : value;
}

/** Optional text; `""` and `null` are read as absent, as Go sends them for values that are not set. */
export function optionalText(check: (value: string) => boolean, expected: string) {
  return text
    .refine((value) => value === '' || check(value), { error: `must be ${expected}` })
    .nullish()
    .transform(emptyIsAbsent);
}

function accepts(parse: (value: string) => unknown): (value: string) => boolean {
  return (value) => {
    try {
      parse(value);
      return true;
    } catch (error) {
      if (error instanceof LinecardError) return false;
      throw error;
    }
  };
}

/** `192.0.2.1/24` or `2001:db8::1/64`, or nothing. */
export const optionalCidr = optionalText(accepts(parseCidr), 'an address with a prefix length such as 172.31.1.1/24');

/** An IP address without a prefix length, or nothing. */
export const optionalIp = optionalText((value) => isIP(value) !== 0, 'an IP address');

/** `02:42:ac:11:00:02`, or nothing. */
export const optionalMac = optionalText(accepts(parseMac), 'a MAC address such as 02:42:ac:11:00:02');

/** A list that Go may send as `null`. */
export function list<S extends z.ZodType>(item: S, largest: number) {
  return z
    .array(item)
    .max(largest)
    .nullish()
    .transform((value): z.output<S>[] => value ?? []);
}

/** A map of strings that Go may send as `null`. At most 1024 entries. */
export const textMap = z
  .record(text, text)
  .refine((map) => Object.keys(map).length <= 1024, { error: 'must have at most 1024 entries' })
  .nullish()
  .transform((value): Record<string, string> => value ?? {});

/**
 * A network ID: 64 hex digits, or 25 lower-case letters and digits for a network of a swarm. Interface and bridge
 * names are made of it, so nothing else passes.
 */
export const networkId = z.string().regex(/^(?:[0-9a-f]{64}|[0-9a-z]{25})$/, {
  error: 'must be 64 hex digits or 25 lower-case letters and digits',
});

/** An endpoint ID: 64 hex digits. Interface names are made of it, so nothing else passes. */
export const endpointId = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be 64 hex digits' });

/** A MAC address as Go writes the bytes of one (base64), or as text. Gives the text form. */
export const macBytes = z
  .string()
  .max(32)
  .transform((value, context): string => {
    const bytes = /^[A-Za-z0-9+/]{8}$/.test(value) ? Buffer.from(value, 'base64') : undefined;
    if (bytes?.length === 6) return formatMac(bytes);
    if (accepts(parseMac)(value)) return value.toLowerCase();
    context.addIssue({ code: 'custom', message: 'must be the six bytes of a MAC address' });
    return z.NEVER;
  });
