import { Controller, shippedApp } from '@linecard/controller';
import { type ReadableLog, readableLog } from '../log.js';
import { ending, follow } from '../run-controller.js';
import { openSwitch, surroundingsOf } from '../switch-memory.js';
import { awaitStop, startDetached, stopRunning } from './background.js';
import { bridge, Guests, guestNames } from './guests.js';

/** The command line of `linecard demo kiwipycon`. */
export interface DemoOptions {
  readonly detach?: true;
  readonly down?: true;
  readonly knockName: string;
  readonly guarded: string;
  readonly openSeconds: number;
}

const place = 'tcp:127.0.0.1:6633';

/** `linecard demo kiwipycon`: up in the foreground or the background, or down. */
export async function kiwipycon(options: DemoOptions): Promise<void> {
  if (options.down) return down();
  if (options.detach) return startDetached(argumentsOf(options), announcement(options));
  await up(options, readableLog());
}

function argumentsOf({ knockName, guarded, openSeconds }: DemoOptions): string[] {
  const options = ['--knock-name', knockName, '--guarded', guarded, '--open-seconds', String(openSeconds)];
  return ['demo', 'kiwipycon', ...options];
}

function announcement({ knockName, guarded }: DemoOptions): string {
  const other = guestNames.indexOf(guarded) === 0 ? '172.31.1.2' : '172.31.1.1';
  return [
    'the example is up; try:',
    `  docker exec ${guarded} ping -c 5 -W 1 ${other}`,
    `  docker exec ${guarded} dig @${other} +time=1 +tries=1 +short ${knockName}`,
    `  docker exec ${guarded} ping -c 5 -W 1 ${other}`,
    `  ovs-ofctl dump-flows ${bridge}`,
    'and when you have seen enough: linecard demo kiwipycon --down',
  ].join('\n');
}

async function up(options: DemoOptions, log: ReadableLog): Promise<void> {
  const { guarded, knockName, openSeconds } = options;
  const asked = ending();
  const stop = await awaitStop();
  const ovs = await openSwitch();
  const controller = new Controller();
  const guests = new Guests(log, place);
  try {
    follow(controller, log);
    const around = { ...surroundingsOf(ovs), log: (message: string) => log.info(message) };
    const free = guestNames.find((name) => name !== guarded)!;
    const settings = { guarded, free, name: knockName, openSeconds: String(openSeconds) };
    controller.use(shippedApp('knock', settings, around));
    await controller.listen(place);
    log.info(`the controller awaits switches at ${place}: ${guarded} has to ask for ${knockName}`);
    await guests.up();
    log.info(announcement(options));
    process.send?.('up');
    const why = await Promise.race([asked.then(() => 'Ctrl-C'), stop.asked]);
    log.info(`the controller ends (${why}); guests and bridge stay until: linecard demo kiwipycon --down`);
  } finally {
    guests.close();
    await controller.close();
    await ovs?.close();
    await stop.close();
  }
}

async function down(): Promise<void> {
  const log = readableLog();
  if (await stopRunning()) log.info('the controller has ended');
  const guests = new Guests(log, place);
  try {
    await guests.down();
  } finally {
    guests.close();
  }
}
