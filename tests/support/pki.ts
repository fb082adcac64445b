import { copyFile } from 'node:fs/promises';
import type { Bed, MultiHost } from '@linecard/testkit';

const folder = '/etc/openvswitch';

/** Where each host has its files, as the options of all programs of Open vSwitch that speak SSL. */
export const tlsOptions = [
  `--private-key=${folder}/host-privkey.pem`,
  `--certificate=${folder}/host-cert.pem`,
  `--ca-cert=${folder}/cacert.pem`,
];

/** The authority's own files, on the host that signs. */
export const authority = '/var/lib/openvswitch/pki/switchca';

/** Makes an authority on the first host and, with it, a certificate for each: its name is the host's `system-id`. */
export async function certify(all: MultiHost): Promise<void> {
  const [signer] = all.hosts as readonly [Bed, ...Bed[]];
  await signer.exec(['ovs-pki', 'init']);
  for (const [i, host] of all.hosts.entries()) {
    await signer.exec(['sh', '-c', `cd ${folder} && ovs-pki -u req+sign h${i + 1} switch`]);
    await give(signer, host, `${folder}/h${i + 1}-privkey.pem`, 'host-privkey.pem');
    await give(signer, host, `${folder}/h${i + 1}-cert.pem`, 'host-cert.pem');
    await give(signer, host, `${authority}/cacert.pem`, 'cacert.pem');
  }
}

/** Copies a file of one host to another, into the folder of Open vSwitch's settings, with its mode. */
export function give(from: Bed, to: Bed, file: string, name: string): Promise<void> {
  return copyFile(from.path(file), to.path(`${folder}/${name}`));
}
