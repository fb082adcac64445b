import type { Sandbox } from './sandbox.js';

/**
 * What a bed holds at one moment, without anything that changes by itself (counters, indexes, UUIDs, lifetimes), so
 * that two snapshots can be compared with toEqual: nothing is left behind.
 */
export interface Snapshot {
  /** "NAME KIND MASTER" of each network interface. */
  readonly links: readonly string[];
  /** "NAME ADDRESS/LENGTH" of each address that was set by somebody; not the kernel's own IPv6 link-local ones. */
  readonly addresses: readonly string[];
  /** The nftables ruleset without counters, line by line. */
  readonly nft: readonly string[];
  /** The rules of iptables and ip6tables. */
  readonly iptables: readonly string[];
  /** `ovs-vsctl show`, each line with the lines that it stands under; empty while ovsdb-server is down. */
  readonly ovs: readonly string[];
  /** The command lines of all processes. */
  readonly processes: readonly string[];
}

/** A network interface as `ip -json -details link` tells it, as far as it is used here. */
export interface BedLink {
  readonly ifname: string;
  readonly ifindex: number;
  readonly mtu: number;
  readonly operstate: string;
  readonly address?: string;
  readonly master?: string;
  readonly ifalias?: string;
  readonly linkinfo?: { readonly info_kind?: string };
}

interface LinkAddresses {
  readonly ifname: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number; readonly protocol?: string }[];
}

/** More veth pairs than a daemon ever makes in advance, for the networks of the host and for those over many hosts. */
const mostSpares = 4;

/**
 * The network interfaces of the sandbox, without the veth pairs that a daemon has made in advance: they come and go with
 * the time. One that is a port of Open vSwitch by now is no such pair.
 */
export async function readLinks(sandbox: Sandbox): Promise<BedLink[]> {
  const { stdout } = await sandbox.exec(['ip', '-json', '-details', 'link']);
  const all = JSON.parse(stdout) as BedLink[];
  const waiting = all.filter(({ ifalias }) => ifalias === 'linecard spare').map(({ ifname }) => ifname);
  if (waiting.length === 0) return all;
  const listed = await sandbox.exec(['ovs-vsctl', '--timeout=5', '--bare', '--columns=name', 'list', 'Interface'], {
    allowFail: true,
  });
  const ports = lines(listed.stdout);
  const spares = waiting.filter((name) => !ports.includes(name));
  if (spares.length > mostSpares) throw new Error(`${spares.length} links wait for containers: ${spares.join(', ')}`);
  const digitsOf = (name: string) => name.slice(3);
  const hidden = new Set(spares.map(digitsOf));
  return all.filter(({ ifname }) => !/^lc[vpoq]/.test(ifname) || !hidden.has(digitsOf(ifname)));
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** Turns an indented outline into one line per entry with all that it stands under, so that order does not matter. */
export function flattenOutline(text: string): string[] {
  const above: { indent: number; text: string }[] = [];
  return lines(text)
    .map((line) => {
      const indent = line.length - line.trimStart().length;
      while ((above.at(-1)?.indent ?? -1) >= indent) above.pop();
      above.push({ indent, text: line.trim() });
      return above.map((entry) => entry.text).join(' > ');
    })
    .sort();
}

async function addresses(sandbox: Sandbox): Promise<string[]> {
  const { stdout } = await sandbox.exec(['ip', '-json', 'address']);
  return (JSON.parse(stdout) as LinkAddresses[])
    .flatMap((link) =>
      link.addr_info
        .filter((entry) => !entry.local.startsWith('fe80:'))
        .map((entry) => `${link.ifname} ${entry.local}/${entry.prefixlen}`),
    )
    .sort();
}

async function iptables(sandbox: Sandbox): Promise<string[]> {
  const saved = await Promise.all(
    ['iptables-save', 'ip6tables-save'].map(async (program) => {
      const { stdout } = await sandbox.exec([program]);
      const rules = lines(stdout).filter((line) => !line.startsWith('#'));
      return rules.map((line) => `${program}: ${line.replace(/\[\d+:\d+\]/, '').trim()}`);
    }),
  );
  return saved.flat();
}

async function ovs(sandbox: Sandbox): Promise<string[]> {
  const shown = await sandbox.exec(['ovs-vsctl', '--timeout=5', 'show'], { allowFail: true });
  const outline = shown.stdout.replace(/^[0-9a-f-]{36}\n/, '');
  return shown.status === 0 ? flattenOutline(outline) : [];
}

/** Takes a {@link Snapshot}. */
export async function takeSnapshot(sandbox: Sandbox): Promise<Snapshot> {
  const processes = (await sandbox.processes()).sort(); // before there are any of our own
  const [links, ownAddresses, nft, rules, ovsShow] = await Promise.all([
    readLinks(sandbox),
    addresses(sandbox),
    sandbox.exec(['nft', '--stateless', 'list', 'ruleset']),
    iptables(sandbox),
    ovs(sandbox),
  ]);
  return {
    links: links.map((l) => `${l.ifname} ${l.linkinfo?.info_kind ?? '-'} ${l.master ?? '-'}`).sort(),
    addresses: ownAddresses,
    nft: lines(nft.stdout),
    iptables: rules,
    ovs: ovsShow,
    processes,
  };
}
