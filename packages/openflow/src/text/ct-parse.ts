import { parseIp } from '@linecard/wire';
import type { Action, CtAction } from '../actions/index.js';
import type { NatRange } from '../actions/nat.js';
import type { ActionContext } from './action-context.js';
import { badText } from './names.js';
import { type Item, splitItems } from './split.js';
import { parseBits } from './subfields.js';
import { parseInteger, toBigInt } from './values.js';

const helpers: Readonly<Record<string, number>> = { ftp: 21, tftp: 69 };
const natFlags: Readonly<Record<string, number>> = { persistent: 4, hash: 8, random: 16 };

type ParseActions = (text: string, context: ActionContext) => readonly Action[];
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What stands in the parentheses of `ct`. `parseActions` reads the actions in `exec`. */
export function parseCt(text: string, context: ActionContext, parseActions: ParseActions): CtAction {
  const ct: Mutable<CtAction> = { type: 'nx_ct' };
  const actions: Action[] = [];
  for (const item of splitItems(text)) {
    const value = item.value ?? '';
    switch (item.key) {
      case 'commit':
        ct.flags = (ct.flags ?? 0) | 1;
        break;
      case 'force':
        ct.flags = (ct.flags ?? 0) | 2;
        break;
      case 'table':
        ct.recirc_table = parseInteger(value, 255);
        break;
      case 'zone':
        setZone(ct, value, context.version);
        break;
      case 'alg':
        ct.alg = helpers[value] ?? parseInteger(value, 0x1_0000);
        break;
      case 'nat':
        actions.push(parseNat(value));
        break;
      case 'exec':
        actions.push(...parseActions(value, context));
        break;
      default:
        throw badText(`ct has no option "${item.key}"`);
    }
  }
  return actions.length === 0 ? ct : { ...ct, actions };
}

function setZone(ct: Mutable<CtAction>, text: string, version: number): void {
  if (/^(\d+|0x[0-9a-f]+)$/i.test(text)) {
    ct.zone = parseInteger(text, 0x1_0000);
    return;
  }
  const { field, start, count } = parseBits(text, version);
  ct.zone_src = field;
  ct.zone = (start << 6) | (count - 1);
}

/** What stands in the parentheses of `nat`. */
function parseNat(text: string): Action {
  let flags = 0;
  let range: NatRange = {};
  for (const item of splitItems(text)) {
    const flag = natFlags[item.key];
    if (flag !== undefined) flags |= flag;
    else if (item.key === 'src' || item.key === 'dst') {
      flags |= item.key === 'src' ? 1 : 2;
      range = parseNatRange(item);
    } else throw badText(`nat has no option "${item.key}"`);
  }
  return Object.keys(range).length === 0 ? { type: 'nx_nat', flags } : { type: 'nx_nat', flags, range };
}

function parseNatRange({ value }: Item): NatRange {
  if (value === undefined) return {};
  const match = /^(?:\[([^\]]*)\]|([0-9a-f:.-]*?))(?::(\d+)(?:-(\d+))?)?$/i.exec(value);
  const plain6 = !value.startsWith('[') && value.split(':').length > 2;
  const addresses = plain6 ? value : (match?.[1] ?? match?.[2] ?? '');
  if (match === null && !plain6) throw badText(`"${value}" is not a range of addresses and ports`);
  return { ...addressRange(addresses), ...(plain6 ? {} : portRange(match?.[3], match?.[4])) };
}

function addressRange(text: string): NatRange {
  if (text === '') return {};
  const [first = '', last] = text.split('-');
  const min = parseIp(first);
  const max = last === undefined ? undefined : parseIp(last);
  if (min.length === 16) return max === undefined ? { ipv6_min: min } : { ipv6_min: min, ipv6_max: max };
  const ipv4_min = Number(toBigInt(min));
  return max === undefined ? { ipv4_min } : { ipv4_min, ipv4_max: Number(toBigInt(max)) };
}

function portRange(first: string | undefined, last: string | undefined): NatRange {
  if (first === undefined) return {};
  const proto_min = parseInteger(first, 0x1_0000);
  return last === undefined ? { proto_min } : { proto_min, proto_max: parseInteger(last, 0x1_0000) };
}
