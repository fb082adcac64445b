import { isIP } from 'node:net';
import { parseEmbedded } from './embedded.js';

/** What {@link parseController} takes, in words. */
export const controllerForms =
  'tcp:IP:PORT, ssl:IP:PORT, unix:PATH, ptcp:[PORT][:IP], pssl:[PORT][:IP], punix:PATH, ' +
  'embedded or embedded:APP[?KEY=VALUE&KEY=VALUE]';

/** Whether `text` is `IP` or `IP:PORT`, where an IPv6 address stands in brackets when a port follows. */
function isPeer(text: string): boolean {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const fits = port === undefined || (Number(port) >= 1 && Number(port) <= 65535);
  return fits && isIP(bracketed ?? plain ?? text) !== 0;
}

/** What stands for a controller of a bridge, in one writing; undefined when it is none. */
export function parseController(text: string): string | undefined {
  const embedded = parseEmbedded(text);
  if (embedded !== undefined) return embedded;
  const [, method = '', target = ''] = /^(tcp|ssl|unix|punix|ptcp|pssl):(.*)$/.exec(text) ?? [];
  if (method === 'tcp' || method === 'ssl') return isPeer(target) ? text : undefined;
  if (method === 'unix' || method === 'punix') {
    return /^\/[\w./-]{1,100}$/.test(target) && !target.split('/').includes('..') ? text : undefined;
  }
  if (method === '') return undefined;
  const [, port, host] = /^(\d{0,5})(?::(.+))?$/.exec(target) ?? [];
  const hostFits = host === undefined || isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0;
  return port !== undefined && Number(port || 6653) <= 65535 && hostFits ? text : undefined;
}
