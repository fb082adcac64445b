import { LinecardError } from '@linecard/wire';

/** IFNAMSIZ without its terminating zero. */
export const INTERFACE_NAME_MAX = 15;

/**
 * Checks an interface name as dev_valid_name() of the kernel does, and stricter: `%` would be a pattern. Returns it.
 * Throws `LC_INVALID`.
 */
export function checkInterfaceName(name: string): string {
  const ok = /^[^\s/:%\0]+$/.test(name) && name !== '.' && name !== '..' && !name.startsWith('-');
  if (!ok || Buffer.byteLength(name) > INTERFACE_NAME_MAX) {
    throw new LinecardError('LC_INVALID', `"${name.slice(0, 40)}" is not an interface name`, {
      hint: 'use 1 to 15 characters without blanks, "/", ":" and "%"',
    });
  }
  return name;
}

/** Checks a whole number within a range. Throws `LC_INVALID`. Returns it. */
export function checkInteger(what: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new LinecardError('LC_INVALID', `${what} must be a whole number from ${min} to ${max}, not ${value}`);
  }
  return value;
}

/** Checks an MTU: 68 (RFC 791) to 65535. Throws `LC_INVALID`. */
export function checkMtu(mtu: number): number {
  return checkInteger('the MTU', mtu, 68, 65535);
}
