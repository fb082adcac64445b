/** Names of the bits that are set, in the order of the bits; those without a name as one number; 0 for none. */
export function formatBitNames(value: number, names: readonly string[], separator = ' '): string {
  const known: string[] = [];
  let rest = value >>> 0;
  names.forEach((name, bit) => {
    if (name === '' || ((value >>> bit) & 1) === 0) return;
    known.push(name);
    rest = (rest & ~(1 << bit)) >>> 0;
  });
  if (rest !== 0) known.push(`0x${rest.toString(16)}`);
  return known.length === 0 ? '0' : known.join(separator);
}
