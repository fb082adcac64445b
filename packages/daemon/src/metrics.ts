import type { PluginCall } from '@linecard/docker';
import type { Host, Overlay } from '@linecard/driver';
import { Transaction, vswitch } from '@linecard/ovsdb';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { addProcessMetrics } from './process-metrics.js';

/** From a link and a transaction up to the deadline of a call, in seconds. */
const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25];
const scrapeTimeoutMs = 3000;

/** Counters of Interface `statistics` (ovs-vswitchd.conf.db(5)), as they are called in a metric. */
const statistics = [
  'rx_packets',
  'tx_packets',
  'rx_bytes',
  'tx_bytes',
  'rx_dropped',
  'tx_dropped',
  'rx_errors',
  'tx_errors',
] as const;
const portLabels = ['network', 'container', 'bridge', 'ofport', 'interface'] as const;

/** What Prometheus is told. Events are counted as they come; the rest is looked at when it is asked for. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #calls = new Counter({
    name: 'linecard_plugin_requests_total',
    help: 'Calls of Docker, by method and by how they ended.',
    labelNames: ['method', 'outcome'] as const,
    registers: [this.#registry],
  });
  readonly #latency = new Histogram({
    name: 'linecard_plugin_request_duration_seconds',
    help: 'How long calls of Docker took.',
    labelNames: ['method'] as const,
    buckets: latencyBuckets,
    registers: [this.#registry],
  });
  readonly #runs = this.#counter('linecard_reconciler_runs_total', 'Looks at whether everything is as wanted.');
  readonly #repairs = this.#counter('linecard_reconciler_repairs_total', 'What was not as wanted and was put right.');
  readonly #errors = this.#counter('linecard_errors_total', 'Work in the background that failed and is tried again.');
  readonly #networks = this.#gauge('linecard_networks', 'Docker networks on Open vSwitch, of one host and over many.');
  readonly #endpoints = this.#gauge('linecard_endpoints', 'Container ports made for Docker.');
  readonly #attachments = this.#gauge('linecard_attachments', 'Container ports made by linecard attach.');
  readonly #ovsdb = this.#gauge('linecard_ovsdb_connected', '1 while the copy of the database is up to date.');
  readonly #docker = this.#gauge('linecard_docker_connected', '1 while Docker is followed.');
  readonly #ports = new Map(
    statistics.map((name) => [
      name,
      new Counter({
        name: `linecard_port_${name}_total`,
        help: `Interface statistics ${name} of container ports; rx is what the switch received.`,
        labelNames: portLabels,
        registers: [this.#registry],
      }),
    ]),
  );

  constructor() {
    addProcessMetrics(this.#registry);
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.#registry] });
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.#registry] });
  }

  /** A call of Docker ended. */
  called({ method, outcome, ms }: PluginCall): void {
    this.#calls.inc({ method, outcome });
    this.#latency.observe({ method }, ms / 1000);
  }

  /** The reconciler has looked. */
  reconciled({ repairs }: { readonly repairs: number }): void {
    this.#runs.inc();
    this.#repairs.inc(repairs);
  }

  /** Something in the background failed. */
  failed(): void {
    this.#errors.inc();
  }

  /** The content type of {@link render}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything in Prometheus' text format; `overlay` where this daemon serves networks over many hosts. */
  async render(host: Host, overlay: Overlay | undefined): Promise<string> {
    const { state, ovs, watch } = host;
    const endpoints = [...state.ports.values()].filter(({ kind }) => kind === 'endpoint').length;
    this.#networks.set(state.networks.size + (overlay?.state.networks.size ?? 0));
    this.#endpoints.set(endpoints + (overlay?.state.ports.size ?? 0));
    this.#attachments.set(state.attachments.size);
    this.#ovsdb.set(ovs.ready ? 1 : 0);
    this.#docker.set(watch.connected ? 1 : 0);
    await this.#readPorts(host, [...portsOf(state), ...portsOf(overlay?.state)]);
    return this.#registry.metrics();
  }

  /** Statistics change every few seconds, so they are not in the copy of the database: one request asks for all. */
  async #readPorts({ ovs }: Host, ports: readonly CountedPort[]): Promise<void> {
    for (const counter of this.#ports.values()) counter.reset();
    if (!ovs.ready || ports.length === 0) return;
    const transaction = new Transaction(ovs.session, vswitch);
    const select = transaction.select('Interface', [], ['name', 'ofport', 'statistics']);
    const rows = (await transaction.commit(scrapeTimeoutMs).catch(() => undefined))?.get(select) ?? [];
    const byName = new Map(rows.map((row) => [row.name, row]));
    for (const { link, network, container } of ports) {
      const row = byName.get(link);
      if (row?.ofport === undefined) continue;
      const bridge = ovs.view.bridgeOf(link) ?? '';
      const labels = { network, container, bridge, ofport: row.ofport, interface: row.name };
      for (const name of statistics) this.#ports.get(name)?.inc(labels, row.statistics.get(name) ?? 0);
    }
  }
}

interface CountedPort {
  readonly link: string;
  readonly network: string;
  readonly container: string;
}

/** The ports of networks of one host, or of those over many. */
function portsOf(state: Host['state'] | Overlay['state'] | undefined): CountedPort[] {
  return [...(state?.ports.values() ?? [])].map(({ link, networkId, container }) => ({
    link,
    network: state?.networks.get(networkId ?? '')?.name ?? '',
    container: container?.name ?? '',
  }));
}
