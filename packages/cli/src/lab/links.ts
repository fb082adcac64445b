import type { Impaired, Impairment } from '@linecard/lab';
import { json, painter, print, table } from '../output.js';
import { type FormatOptions, readTopology, type TopologyOptions, wantsJson, withWorld } from './world.js';

export interface ImpairFlags extends TopologyOptions, FormatOptions {
  readonly delay?: number;
  readonly jitter?: number;
  readonly loss?: number;
  readonly rate?: number;
  readonly clear?: true;
}

/** Shows, sets or clears what is in force at one end, or at all ends of a lab. */
export async function impair(endpoint: string | undefined, flags: ImpairFlags): Promise<void> {
  const { endpointText, findEndpoint, impairLink, listImpaired } = await import('@linecard/lab');
  const lab = await readTopology(flags);
  const end = endpoint === undefined ? undefined : findEndpoint(lab, endpoint);
  const wanted = await impairmentOf(flags, endpoint);
  await withWorld(flags, async (world) => {
    if (wanted !== undefined && end !== undefined) await impairLink(world, lab, end, wanted);
    else if (wanted !== undefined) {
      for (const one of await listImpaired(world, lab))
        await impairLink(world, lab, findEndpoint(lab, one.endpoint), {});
    }
    const inForce = await listImpaired(world, lab);
    const asked = end === undefined ? inForce : inForce.filter((one) => one.endpoint === endpointText(end));
    await show(asked, flags);
  });
}

/** What is to be in force; undefined when that is only asked. */
async function impairmentOf(flags: ImpairFlags, endpoint: string | undefined): Promise<Impairment | undefined> {
  const { delay, jitter, loss, rate } = flags;
  const wanted = {
    ...(delay === undefined ? {} : { delayMs: delay }),
    ...(jitter === undefined ? {} : { jitterMs: jitter }),
    ...(loss === undefined ? {} : { loss }),
    ...(rate === undefined ? {} : { rateKbit: rate }),
  };
  const isSet = Object.keys(wanted).length > 0;
  const { LinecardError } = await import('@linecard/wire');
  if (isSet && flags.clear === true) {
    throw new LinecardError('LC_INVALID', '--clear takes everything away', { hint: 'leave the other options out' });
  }
  if (isSet && endpoint === undefined) {
    throw new LinecardError('LC_INVALID', 'which end of a link is to be impaired?', {
      hint: 'name it as NODE:INTERFACE, as in: linecard lab impair r1:eth1 --rate 1000',
    });
  }
  return isSet ? wanted : flags.clear === true ? {} : undefined;
}

function show(rows: readonly Impaired[], flags: FormatOptions): Promise<void> {
  if (wantsJson(flags)) return print(json(rows));
  if (rows.length === 0) return print('nothing is impaired\n');
  const unit = (value: number | undefined, text: string) => (value === undefined ? '' : `${value} ${text}`);
  const columns = [
    { title: 'Endpoint', text: (row: Impaired) => row.endpoint },
    { title: 'Delay', text: (row: Impaired) => unit(row.delayMs, 'ms') },
    { title: 'Jitter', text: (row: Impaired) => unit(row.jitterMs, 'ms') },
    { title: 'Loss', text: (row: Impaired) => unit(row.loss, '%') },
    { title: 'Rate', text: (row: Impaired) => unit(row.rateKbit, 'kbit/s') },
  ];
  return print(table(columns, rows, painter(process.stdout, process.env)));
}

export interface CaptureFlags extends TopologyOptions {
  readonly write?: string;
  readonly count?: number;
}

/** Captures on an end of a link, wherever it is, by tcpdump(1) of the host. */
export async function capture(endpoint: string, filter: readonly string[], flags: CaptureFlags): Promise<void> {
  const { findEndpoint, whereIs } = await import('@linecard/lab');
  const { netnsPath, run, runAttached } = await import('@linecard/linux');
  const { LinecardError } = await import('@linecard/wire');
  if (flags.write === '-' && process.stdout.isTTY === true) {
    throw new LinecardError('LC_INVALID', 'packets are not for a terminal', {
      hint: `linecard lab capture ${endpoint} -w - | wireshark -k -i -`,
    });
  }
  const lab = await readTopology(flags);
  const end = findEndpoint(lab, endpoint);
  const where = await withWorld(flags, (world) => whereIs(world, lab, end));
  await run(['tcpdump', '--version']); // said here when it is not installed, rather than by nsenter
  const place = where === undefined ? [] : ['nsenter', `--net=${netnsPath(where)}`, '--'];
  const words = [
    ...(flags.write === undefined ? [] : ['-U', '-w', flags.write]),
    ...(flags.count === undefined ? [] : ['-c', String(flags.count)]),
  ];
  const argv = [...place, 'tcpdump', '-n', '-i', end.name, ...words, ...filter];
  process.exitCode = await runAttached(argv as [string, ...string[]]);
}
