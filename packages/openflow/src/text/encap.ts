import { fromHex, toHex } from '@linecard/wire';
import type { Action } from '../actions/index.js';
import { badText } from './names.js';
import { splitItems } from './split.js';
import { parseInteger } from './values.js';

type Encap = Extract<Action, { readonly type: 'nx_encap' }>;
type Property = NonNullable<Encap['properties']>[number];

const packetTypes: Readonly<Record<string, number>> = {
  ethernet: 0,
  nsh: 0x1894f,
  mpls: 0x18847,
  mpls_mc: 0x18848,
};
const typeNames = new Map(Object.entries(packetTypes).map(([name, type]) => [type, name]));

/** The packet type that decapsulation finds out by itself. */
const USE_NEXT = 0xfffe;

/** Properties of a network service header (Open vSwitch's `ofp_ed_props`). */
const NSH = 4;
const MD_TYPE = 1;
const TLV = 2;

const shortHex = (value: number): string => (value === 0 ? '0' : `0x${value.toString(16)}`);

function propertyText({ class: propertyClass, code, data }: Property): string {
  if (propertyClass === NSH && code === MD_TYPE && data.length > 0) return `md_type=${data[0]}`;
  if (propertyClass === NSH && code === TLV && data.length >= 4) {
    const value = toHex(data.subarray(4, 4 + data[3]!));
    return `tlv(0x${((data[0]! << 8) | data[1]!).toString(16)},${data[2]},0x${value})`;
  }
  return `property(${propertyClass},${code},0x${toHex(data)})`;
}

/** `encap(nsh(md_type=1))`. */
export function formatEncap({ new_pkt_type: type, properties = [] }: Encap): string {
  const inner = properties.length === 0 ? '' : `(${properties.map(propertyText).join(',')})`;
  return `encap(${typeNames.get(type) ?? packetTypeText(type)}${inner})`;
}

function packetTypeText(type: number): string {
  return `packet_type(ns=${type >>> 16},type=${shortHex(type & 0xffff)})`;
}

/** `decap()`, or with the type that is to be found inside. */
export function formatDecap(type: number): string {
  return `decap(${type === USE_NEXT ? '' : packetTypeText(type)})`;
}

function tlvProperty(text: string): Property {
  const match = /^(\w+),(\w+),0x((?:[0-9a-f]{2})+)$/i.exec(text);
  if (match === null) throw badText(`"tlv(${text})"`, 'write it as tlv(0x1000,10,0x12345678)');
  const [, tlvClass, type, digits] = match;
  const value = fromHex(digits!);
  const [high, number] = [parseInteger(tlvClass!, 0x1_0000), parseInteger(type!, 256)];
  // The length of a property counts the zeros behind it.
  const data = new Uint8Array(((8 + value.length + 7) & ~7) - 4);
  data.set([high >>> 8, high & 0xff, number, value.length, ...value]);
  return { class: NSH, code: TLV, data };
}

function nshProperty(item: {
  readonly key: string;
  readonly value?: string | undefined;
  readonly text: string;
}): Property {
  if (item.key === 'md_type')
    return { class: NSH, code: MD_TYPE, data: Uint8Array.of(parseInteger(item.value ?? '', 256)) };
  if (item.key === 'tlv') return tlvProperty(item.value ?? '');
  throw badText(`"${item.text}" is no property of a service header`, 'there are md_type and tlv');
}

function packetType(text: string): number {
  const match = /^packet_type\(ns=(\d+),type=(\w+)\)$/.exec(text);
  if (match === null)
    throw badText(`"${text}" is not a packet type`, 'write it as ethernet or packet_type(ns=1,type=0x800)');
  return parseInteger(match[1]!, 0x1_0000) * 0x1_0000 + parseInteger(match[2]!, 0x1_0000);
}

/** What stands in the parentheses of an encap action. */
export function parseEncap(text: string): Action {
  const [item] = splitItems(text);
  const known = item === undefined ? undefined : packetTypes[item.key];
  if (item === undefined || known === undefined) return { type: 'nx_encap', new_pkt_type: packetType(text) };
  const properties = splitItems(item.value ?? '').map(nshProperty);
  return { type: 'nx_encap', new_pkt_type: known, properties };
}

/** What stands in the parentheses of a decap action. */
export function parseDecap(text: string): Action {
  return { type: 'nx_decap', new_pkt_type: text === '' ? USE_NEXT : (packetTypes[text] ?? packetType(text)) };
}
