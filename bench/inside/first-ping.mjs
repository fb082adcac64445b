// How long after `docker run` has returned a new container has its first answer from another host. argv: ROUNDS TARGET
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { promisify } from 'node:util';

const run = promisify(execFile);
const [rounds, target] = [Number(process.argv[2]), process.argv[3]];

/** By Docker's API: starting its command takes longer than what is measured. */
async function processOf(container) {
  const path = `/containers/${container}/json`;
  const [response] = await once(request({ socketPath: '/run/docker.sock', path }).end(), 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return JSON.parse(text).State.Pid;
}

async function firstAnswer(name) {
  await run('docker', ['run', '-d', '--name', name, '--net=net', 'busybox', 'sleep', '1000']);
  const start = performance.now();
  const pid = await processOf(name);
  // Not `-c 1`: the first packet of all may be lost while the tunnel looks for its way.
  const ping = spawn('nsenter', ['-t', String(pid), '-n', 'ping', '-i', '0.01', '-w', '10', target]);
  let took;
  for await (const chunk of ping.stdout) {
    if (!String(chunk).includes('bytes from')) continue;
    took = performance.now() - start;
    break;
  }
  ping.kill();
  await run('docker', ['rm', '-f', name]);
  if (took === undefined) throw new Error(`${target} did not answer`);
  return took;
}

const result = [];
for (let n = 0; n < rounds; n++) result.push(await firstAnswer(`first${n}`));
console.log(JSON.stringify(result));
