import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LinecardError } from '@linecard/wire';

/** One member of a tar archive. */
interface Member {
  readonly name: string;
  readonly mode?: number;
  readonly data?: Buffer;
  /** The target of a symbolic link. */
  readonly link?: string;
}

/** The POSIX ustar header and the padded content of one member. A name that ends with a slash is a folder. */
function tarMember({ name, mode = 0o755, data = Buffer.alloc(0), link }: Member): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, offset: number, size: number): number =>
    header.write(`${value.toString(8).padStart(size - 1, '0')}\0`, offset);
  header.write(name, 0, 100);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(data.length, 124, 12);
  octal(0, 136, 12);
  header.write('        ', 148);
  header.write(link !== undefined ? '2' : name.endsWith('/') ? '5' : '0', 156);
  header.write(link ?? '', 157, 100);
  header.write('ustar\0' + '00', 257);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return Buffer.concat([header, data, Buffer.alloc(-data.length & 511)]);
}

function tar(members: readonly Member[]): Buffer {
  return Buffer.concat([...members.map(tarMember), Buffer.alloc(1024)]);
}

function busyboxPath(): string {
  const path = ['/bin/busybox', '/usr/bin/busybox'].find((candidate) => existsSync(candidate));
  if (path !== undefined) return path;
  throw new LinecardError('LC_NOT_FOUND', 'no busybox to make an image of', { hint: 'install busybox-static' });
}

function layer(busybox: string): Buffer {
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n');
  return tar([
    ...['bin/', 'dev/', 'etc/', 'root/', 'usr/', 'var/'].map((name) => ({ name })),
    { name: 'tmp/', mode: 0o1777 },
    { name: 'etc/passwd', mode: 0o644, data: Buffer.from('root:x:0:0:root:/root:/bin/sh\n') },
    { name: 'etc/group', mode: 0o644, data: Buffer.from('root:x:0:\n') },
    { name: 'bin/busybox', data: readFileSync(busybox) },
    ...applets.filter((name) => name !== 'busybox').map((name) => ({ name: `bin/${name}`, link: 'busybox' })),
  ]);
}

/** An archive for `docker load`: the image `busybox:latest` with one layer. */
function archive(busybox: string): Buffer {
  const rootfs = layer(busybox);
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    // A shell as first process ignores SIGTERM, and every `docker stop` would last ten seconds.
    config: { Env: ['PATH=/bin'], Cmd: ['sh'], StopSignal: 'SIGKILL' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(rootfs).digest('hex')}`] },
  };
  const manifest = [{ Config: 'config.json', RepoTags: ['busybox:latest'], Layers: ['layer.tar'] }];
  return tar([
    { name: 'layer.tar', mode: 0o644, data: rootfs },
    { name: 'config.json', mode: 0o644, data: Buffer.from(JSON.stringify(config)) },
    { name: 'manifest.json', mode: 0o644, data: Buffer.from(JSON.stringify(manifest)) },
  ]);
}

/**
 * The path of an archive with the image `busybox:latest`, made of the machine's busybox. It is kept in the system's
 * temporary folder for all later beds.
 */
export function busyboxArchive(): string {
  const busybox = busyboxPath();
  const { size, mtimeMs } = statSync(busybox);
  const path = join(tmpdir(), `linecard-busybox-${process.getuid?.()}-${size}-${Math.floor(mtimeMs)}.tar`);
  const present = statSync(path, { throwIfNoEntry: false });
  if (present?.uid === process.getuid?.()) return path;
  const fresh = `${path}.${randomBytes(4).toString('hex')}`;
  writeFileSync(fresh, archive(busybox), { mode: 0o600, flag: 'wx' });
  renameSync(fresh, path);
  return path;
}
