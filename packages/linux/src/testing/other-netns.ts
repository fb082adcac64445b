import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A second network namespace, kept by a process of its own. */
export interface OtherNetns {
  readonly pid: number;
  readonly path: string;
  close(): Promise<void>;
}

/** Makes a network namespace with `lo` up, and returns when it is there. */
export async function otherNetns(): Promise<OtherNetns> {
  const script = 'ip link set lo up && echo ready && exec cat';
  const child: ChildProcess = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(createInterface({ input: child.stdout! }), 'line');
  const pid = child.pid!;
  return {
    pid,
    path: `/proc/${pid}/ns/net`,
    async close() {
      const ended = once(child, 'close');
      child.stdin!.end();
      await ended;
    },
  };
}
