import { fromHex } from '@linecard/wire';
import type { Action } from '../actions/index.js';
import type { ControllerProperty } from '../actions/nicira.js';
import { ports } from '../messages/shared.js';
import type { ActionContext } from './action-context.js';
import { badText } from './names.js';
import { type Item, splitItems } from './split.js';
import { parseBits } from './subfields.js';
import { parseInteger, parsePort } from './values.js';

/** OFPCML_NO_BUFFER. */
export const wholePacket = 0xffff;

/** Output to a port. How much of the packet is sent counts for the controller only, which gets all of it. */
export function outputTo(port: number): Action {
  return { type: 'output', port, max_len: port === ports.controller ? wholePacket : 0 };
}

export function output(text: string, { version }: ActionContext): Action {
  if (/^(\d+|0x[0-9a-f]+)$/i.test(text) || text.toLowerCase() in ports) {
    return outputTo(parsePort(text));
  }
  if (text.includes('max_len=')) {
    const options = new Map(splitItems(text).map((item) => [item.key, item.value ?? '']));
    return {
      type: 'nx_output_trunc',
      port: parsePort(options.get('port') ?? ''),
      max_len: parseInteger(options.get('max_len') ?? ''),
    };
  }
  const { field, start, count } = parseBits(text, version);
  return { type: 'nx_output_reg', range: { start, count }, src: field, max_len: wholePacket };
}

const reasons = ['no_match', 'action', 'invalid_ttl', 'action_set', 'group', 'packet_out'];

function controllerProperties(options: readonly Item[]): ControllerProperty[] {
  return options.map(({ key, value = '' }): ControllerProperty => {
    switch (key) {
      case 'max_len':
        return { type: 'max_len', max_len: parseInteger(value, 0x1_0000) };
      case 'id':
        return { type: 'controller_id', controller_id: parseInteger(value, 0x1_0000) };
      case 'reason': {
        const reason = reasons.indexOf(value);
        if (reason < 0) throw badText(`"${value}" is not one of ${reasons.join(', ')}`);
        return { type: 'reason', reason };
      }
      case 'userdata':
        return { type: 'userdata', userdata: fromHex(value.replaceAll('.', '')) };
      case 'pause':
        return { type: 'pause' };
      case 'meter_id':
        return { type: 'meter_id', meter_id: parseInteger(value) };
      default:
        throw badText(`controller has no option "${key}"`);
    }
  });
}

export function controller(text: string): Action {
  if (text === '') return { type: 'output', port: ports.controller, max_len: wholePacket };
  if (/^\d+$/.test(text)) return { type: 'output', port: ports.controller, max_len: parseInteger(text, 0x1_0000) };
  const properties = controllerProperties(splitItems(text));
  const simple = properties.every(({ type }) => type === 'max_len' || type === 'controller_id' || type === 'reason');
  if (!simple) return { type: 'nx_controller2', properties };
  return Object.assign({ type: 'nx_controller' as const }, ...properties.map(({ type: _, ...value }) => value));
}

export function multipath(text: string, { version }: ActionContext): Action {
  const [fields, basis, algorithm, links, arg, place] = text.split(',').map((part) => part.trim());
  if (place === undefined) throw badText(`"multipath(${text})" needs six arguments`);
  const { field, start, count } = parseBits(place, version);
  return {
    type: 'nx_multipath',
    fields: fields as 'eth_src',
    basis: parseInteger(basis!, 0x1_0000),
    algorithm: algorithm as 'hrw',
    max_link: parseInteger(links!, 0x1_0001) - 1,
    arg: parseInteger(arg!),
    range: { start, count },
    dst: field,
  };
}

const portMembers = { field: 'in_port', as: 'NXM_OF_IN_PORT' } as const;

export function bundle(text: string, context: ActionContext, loads: boolean): Action {
  const match = /^(.*?),\s*(?:members|slaves):(.*)$/.exec(text);
  const [fields, basis, algorithm, , place] = (match?.[1] ?? '').split(',').map((part) => part.trim());
  if (match === null || algorithm === undefined) throw badText(`"bundle(${text})" needs members`);
  const slaves = match[2]!
    .split(',')
    .filter((one) => one !== '')
    .map(parsePort);
  const head = {
    fields: fields as 'eth_src',
    basis: parseInteger(basis!, 0x1_0000),
    algorithm: algorithm as 'hrw',
    slave_type: portMembers,
  };
  if (!loads) return { type: 'nx_bundle', ...head, slaves };
  const { field, start, count } = parseBits(place ?? '', context.version);
  return { type: 'nx_bundle_load', ...head, choice: { slaves, range: { start, count }, dst: field } };
}

export function sample(text: string): Action {
  const items = splitItems(text);
  const number = (key: string): number => parseInteger(items.find((item) => item.key === key)?.value ?? '0');
  const port = items.find((item) => item.key === 'sampling_port')?.value;
  const direction = items.find((item) => item.key === 'ingress' || item.key === 'egress')?.key;
  const head = {
    probability: number('probability'),
    collector_set_id: number('collector_set_id'),
    obs_domain_id: number('obs_domain_id'),
    obs_point_id: number('obs_point_id'),
  };
  if (direction !== undefined) {
    const sampling_port = port === undefined ? ports.any : parsePort(port);
    return { type: 'nx_sample3', ...head, sampling_port, direction: direction as 'egress' };
  }
  return port === undefined
    ? { type: 'nx_sample', ...head }
    : { type: 'nx_sample2', ...head, sampling_port: parsePort(port) };
}
