import type { SwitchPortRow } from './northbound.js';

/** The addresses of a logical port, without its MAC address. */
export function addressesOf(row: SwitchPortRow): string[] {
  return row.addresses.flatMap((binding) => binding.split(' ').slice(1));
}
