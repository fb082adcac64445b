import { request } from 'node:http';

/** The answer to one HTTP request. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends one HTTP request without a body to a unix socket; undefined when nobody answers it within `timeoutMs`. */
export function askSocket(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  timeoutMs: number,
): Promise<HttpAnswer | undefined> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const sent = request({ socketPath, method, path, signal, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', () => resolve(undefined));
    });
    sent.on('error', () => resolve(undefined));
    sent.end();
  });
}
