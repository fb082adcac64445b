import type { Host } from '@linecard/driver';

/** The names that interfaces have in their containers, by the name of their end outside. */
export type InnerNames = ReadonlyMap<string, string>;

/** Asks the kernel, which knows the other end of each veth pair also in another namespace. */
export async function innerNames({ net, state }: Host): Promise<InnerNames> {
  const ours = new Set([...state.ports.values()].map(({ link }) => link));
  const moved = (await net.links()).filter(({ name, peerNetnsid }) => ours.has(name) && peerNetnsid !== undefined);
  const pairs = moved.map(async ({ name, peerIndex, peerNetnsid }): Promise<[string, string | undefined]> => {
    // A namespace that goes away meanwhile takes its names along.
    const inside = await net.link(peerIndex ?? 0, { netnsid: peerNetnsid! }).catch(() => undefined);
    return [name, inside?.name];
  });
  const found = await Promise.all(pairs);
  return new Map(found.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
