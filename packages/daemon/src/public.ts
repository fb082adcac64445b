import type { Host, Overlay } from '@linecard/driver';
import { explain } from '@linecard/wire';
import type { FastifyInstance } from 'fastify';
import { createServer } from './control.js';
import { dovesnapJson } from './dovesnap.js';
import { innerNames } from './inner-names.js';
import type { Metrics } from './metrics.js';

/** What everybody on this machine may read: nothing here changes anything. */
export function publicServer(
  host: Host,
  overlay: Overlay | undefined,
  metrics: Metrics,
  engineId: () => string,
): FastifyInstance {
  const app = createServer();
  app.get('/networks', async (_, reply) => {
    reply.type('application/json; charset=utf-8');
    return dovesnapJson(host, await innerNames(host), engineId());
  });
  app.get('/metrics', async (_, reply) => {
    reply.type(metrics.contentType);
    return metrics.render(host, overlay);
  });
  app.get('/healthz', async (_, reply) => {
    const reasons = host.ovs.ready ? [] : [explain(host.ovs.session.lastError ?? 'Open vSwitch does not answer yet')];
    return reply.status(reasons.length === 0 ? 200 : 503).send({ healthy: reasons.length === 0, reasons });
  });
  return app;
}
