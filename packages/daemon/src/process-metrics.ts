import { readdir } from 'node:fs/promises';
import { Gauge, type Registry } from 'prom-client';

/**
 * The process metrics that every client of Prometheus has. Not prom-client's own collection: that measures the event
 * loop's delay by a timer of 10 ms, and an idle daemon is to sleep.
 */
export function addProcessMetrics(registry: Registry): void {
  const gauge = (name: string, help: string, read: () => number | Promise<number>) => {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  };
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  gauge('process_cpu_seconds_total', 'User and system CPU time.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const started = Date.now() / 1000 - process.uptime();
  gauge('process_start_time_seconds', 'Start of the process since 1970.', () => started);
  gauge('process_open_fds', 'Open file descriptors.', async () => (await readdir('/proc/self/fd')).length);
  gauge('nodejs_heap_size_used_bytes', 'Used heap.', () => process.memoryUsage().heapUsed);
}
