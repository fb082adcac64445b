// The daemon as the kernel sees it, with the processes that it has started.
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = 100; // USER_HZ, the same on every Linux of today

function stat(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { pid, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}

function everyProcess() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [stat(Number(pid))];
      } catch {
        return []; // it has ended meanwhile
      }
    });
}

/** The daemon's process and its descendants. */
function family() {
  const all = everyProcess();
  const isDaemon = ({ pid }) => /cli\/dist\/main\.js\0up/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
  const members = all.filter(isDaemon).slice(0, 1);
  for (const member of members) members.push(...all.filter(({ parent }) => parent === member.pid));
  return members;
}

/** Resident memory in MB (10^6 bytes). */
export function residentMB() {
  const kilobytes = family().map(({ pid }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`))?.[1]));
  return (kilobytes.reduce((sum, one) => sum + one, 0) * 1024) / 1e6;
}

/** The processor time used so far, in ms. */
export function cpuMs() {
  return (family().reduce((sum, { ticks }) => sum + ticks, 0) * 1000) / ticksPerSecond;
}
