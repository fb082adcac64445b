import { type CollectedHost, collectSilent, takeTurn } from '@linecard/ovn';
import { LinecardError } from '@linecard/wire';
import { type Central, type CentralLink, tlsOf } from './central.js';
import { Rounds } from './rounds.js';
import { withCentral } from './with-central.js';

/** What was collected of a host, for people. */
function sentence({ host, ports, networks, addresses }: CollectedHost): string {
  return `host ${host} is gone: collected ${ports} logical ports, ${networks} networks and ${addresses} addresses of it`;
}

/** Collects, as one of all hosts, what hosts that died have left in the northbound database. */
export class Collector extends Rounds {
  readonly #central: CentralLink;
  readonly #graceMs: number;
  readonly #onWarning: (text: string) => void;

  /** After `graceMs` of silence a host is taken for dead; so often, too, one of all hosts looks. */
  constructor(
    central: CentralLink,
    graceMs: number,
    onError: (what: string, error: unknown) => void,
    onWarning: (text: string) => void,
  ) {
    super('look for hosts that are gone', onError);
    this.#central = central;
    this.#graceMs = Math.max(1000, graceMs);
    this.#onWarning = onWarning;
  }

  protected pauseMs(): number {
    // Not all at the same moment, though only one of them gets the turn.
    return this.#graceMs * (0.5 + Math.random());
  }

  protected async look(): Promise<void> {
    const central = this.#central.current;
    if (central?.nb.ready !== true || central.settings.southbound === undefined) return;
    if (!(await takeTurn(central.nb, 'gc', this.#graceMs, Date.now()))) return;
    for (const one of await collect(central, this.#graceMs)) this.#onWarning(sentence(one));
  }
}

function collect({ nb, addresses, settings }: Central, silenceMs: number): Promise<CollectedHost[]> {
  const { host, southbound } = settings;
  if (southbound === undefined) {
    throw new LinecardError(
      'LC_INVALID',
      'this host does not know its OVN: external_ids of Open_vSwitch lack ovn-remote',
      {
        hint: '`linecard ovn join CENTRAL` sets it up',
      },
    );
  }
  return collectSilent(nb, addresses, {
    southbound: { endpoint: southbound, ...tlsOf(settings) },
    self: host,
    graceMs: silenceMs,
  });
}

/**
 * Collects now what hosts have left that give no sign of life for `silenceMs`; without a daemon too. Returns one
 * sentence for each such host.
 */
export function collectNow(ovsdb: string, silenceMs: number): Promise<string[]> {
  return withCentral(ovsdb, async (central) => (await collect(central, silenceMs)).map(sentence));
}
