import { Readable } from 'node:stream';
import { apiPrefix, attachRequest, type ControlApi, detachOrder, toAnswer } from '@linecard/api';
import { LinecardError } from '@linecard/wire';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { z } from 'zod';

const bodyLimit = 1 << 20;
const named = z.object({ container: z.string() });
const filtered = z.object({ network: z.string().exactOptional(), watch: z.enum(['1']).exactOptional() });

/** Checks what came in. Throws `LC_INVALID` with the field that is wrong. */
function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new LinecardError('LC_INVALID', `${issue?.path.join('.') || 'the request'}: ${issue?.message}`);
}

/** A server without routes, whose errors have the API's form. */
export function createServer(): FastifyInstance {
  const app = fastify({ bodyLimit, forceCloseConnections: true });
  app.setErrorHandler<FastifyError>((error, _, reply) => {
    const { status, body } = toAnswer(
      error.statusCode === undefined || error instanceof LinecardError
        ? error
        : new LinecardError('LC_INVALID', error.message),
    );
    return reply.status(status).send(body);
  });
  app.setNotFoundHandler((request, reply) => {
    const { status, body } = toAnswer(
      new LinecardError('LC_NOT_FOUND', `there is no ${request.method} ${request.url}`),
    );
    return reply.status(status).send(body);
  });
  return app;
}

/** The control API; streams end with `signal`. */
export function controlServer(api: ControlApi, signal: AbortSignal): FastifyInstance {
  const app = createServer();
  app.get(`${apiPrefix}/status`, () => api.status());
  app.get(`${apiPrefix}/networks`, async () => ({ networks: await api.networks() }));
  app.get(`${apiPrefix}/ports`, async (request, reply) => {
    const { network, watch } = read(filtered, request.query);
    if (watch === undefined) return { ports: await api.ports(network) };
    const left = new AbortController();
    reply.raw.on('close', () => left.abort());
    const tables = api.watchPorts(network, AbortSignal.any([signal, left.signal]));
    reply.type('application/x-ndjson');
    return Readable.from(lines(tables), { objectMode: true, highWaterMark: 1 });
  });
  app.get(`${apiPrefix}/containers/:container/interfaces`, async (request) => {
    return { interfaces: await api.interfaces(read(named, request.params).container) };
  });
  app.get(`${apiPrefix}/controllers`, async () => ({ controllers: await api.controllers() }));
  app.post(`${apiPrefix}/attachments`, (request) => api.attach(read(attachRequest, request.body)));
  app.delete(`${apiPrefix}/attachments`, async (request) => {
    return { detached: await api.detach(read(detachOrder, request.query)) };
  });
  app.get(`${apiPrefix}/doctor`, async () => ({ findings: await api.doctor() }));
  return app;
}

/** One line for each table; an error is the last one. */
async function* lines(tables: AsyncIterable<unknown>): AsyncGenerator<string> {
  try {
    for await (const ports of tables) yield `${JSON.stringify({ ports })}\n`;
  } catch (error) {
    yield `${JSON.stringify(toAnswer(error).body)}\n`;
  }
}
