import type { Bed, MultiHost } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { about, clear, daemonEnv, guest, network, ovnTools, useHosts } from './support/overlay.js';
import { authority, tlsOptions } from './support/pki.js';
import { describeSystem } from './support/system.js';
import { pings } from './support/talk.js';

const folder = '/etc/openvswitch';

/** What a command that must fail says. */
async function refusal(host: Bed, ...args: readonly string[]): Promise<string> {
  return host.linecard(...args).then(
    (output) => expect.unreachable(`it succeeded: ${output}`),
    (error: Error) => error.message,
  );
}

describeSystem('databases of OVN over SSL', () => {
  const theHosts = useHosts({ hosts: 2, centrals: 2, ssl: true, plan: { docker: true } });
  const two = () => theHosts().hosts as readonly [Bed, Bed];
  const members = (all: MultiHost) => [all.address(0), all.address(1)].join(',');
  const settings = (host: Bed) => host.vsctl('get', 'Open_vSwitch', '.', 'external_ids');
  const endpoint = (port: number) => `--db=ssl:${theHosts().address(0)}:${port},ssl:${theHosts().address(1)}:${port}`;

  it('carry networks as those over TCP do, and the commands need not be told again', async () => {
    const all = theHosts();
    const [h1, h2] = two();
    expect(await settings(h1)).toMatch(/ovn-nb="ssl:192.0.2.1:6641,ssl:192.0.2.2:6641".*ovn-remote="ssl:/);
    expect(await h1.vsctl('get-ssl')).toContain(`Private key: ${folder}/host-privkey.pem`);
    await network([h1, h2], 'net', '--subnet=10.9.0.0/16');
    await Promise.all([guest(h1, 'net', 'web1'), guest(h2, 'net', 'web2')]);
    const target = await about(h2, 'web2', 'net', 'IPAddress');
    await eventually(async () => expect(await pings(h1, { container: 'web1' }, target)).toBe(true), {
      what: 'web1 to reach web2',
    });
    await eventually(async () => expect(await h2.linecard('ports')).toMatch(/net +web1 .* h1 +\d+ /), {
      what: 'the ports to be listed',
    });
    expect(await h1.linecard('ovn', 'gc', '--grace', '5')).toBe('every host lives');
    const before = await settings(h2);
    await h2.linecard('ovn', 'join', members(all));
    expect(await settings(h2)).toBe(before);
    await h2.linecard('ovn', 'central', '--address', all.address(1), '--members', members(all), ...tlsOptions);
  });

  it('let nobody in without a certificate, and no host change what is of another', async () => {
    const [h1, h2] = two();
    const plain = ['ovn-nbctl', '--timeout=2', `--db=tcp:${theHosts().address(0)}:6641`, 'show'];
    expect((await h2.exec(plain, { allowFail: true })).status).not.toBe(0);
    const sbctl = ['ovn-sbctl', '--timeout=10', endpoint(6642), ...tlsOptions];
    const steal = (host: Bed, chassis: string) =>
      host.exec([...sbctl, 'set', 'Chassis', chassis, 'external_ids:mine=yes'], { allowFail: true });
    expect((await steal(h2, 'h1')).stderr).toMatch(
      /RBAC rules for client \\*"h2\\*" role \\*"ovn-controller\\*" prohibit/,
    );
    expect((await steal(h1, 'h1')).stderr).toBe('');
  });

  it('refuse files that are not right, and say which, before anything is changed', async () => {
    const all = theHosts();
    const [h1, h2] = two();
    const before = await settings(h2);
    const join = (...files: readonly [string, string, string]) => {
      const names = ['--private-key', '--certificate', '--ca-cert'];
      return refusal(h2, 'ovn', 'join', all.address(0), ...names.map((name, i) => `${name}=${folder}/${files[i]}`));
    };
    const expire = ['-CA', `${authority}/cacert.pem`, '-CAkey', `${authority}/private/cakey.pem`, '-days', '-1'];
    const old = ['-in', `${folder}/h2-req.pem`, '-out', `${folder}/expired.pem`, '-set_serial', '77'];
    await h1.exec(['openssl', 'x509', '-req', ...old, ...expire]);
    await h1.exec(['cp', h1.path(`${folder}/expired.pem`), h2.path(`${folder}/expired.pem`)]);
    await h2.exec(['sh', '-c', `cd ${folder} && cp host-privkey.pem open.pem && chmod 640 open.pem`]);
    await h2.exec(['ovs-pki', 'init']);
    await h2.exec(['sh', '-c', `cd ${folder} && ovs-pki -u req+sign h2 switch && ovs-pki -u req+sign other switch`]);
    await h2.exec(['cp', `${authority}/cacert.pem`, `${folder}/foreign-ca.pem`]);
    const good = ['host-privkey.pem', 'host-cert.pem', 'cacert.pem'] as const;
    expect(await join('none.pem', good[1], good[2])).toMatch(/private key .*none.pem: there is no such file/);
    expect(await join('open.pem', good[1], good[2])).toMatch(/others may read the private key .*open.pem.*640/);
    expect(await join(good[0], 'expired.pem', good[2])).toMatch(/expired.pem has expired on/);
    expect(await join(good[0], good[1], 'foreign-ca.pem')).toMatch(/not signed by the CA of .*foreign-ca.pem/);
    expect(await join(good[0], 'h2-cert.pem', good[2])).toMatch(/does not belong to certificate .*h2-cert.pem/);
    expect(await join('h2-privkey.pem', 'h2-cert.pem', good[2])).toMatch(/server refused certificate .*h2-cert.pem/);
    expect(await refusal(h2, 'ovn', 'join', all.address(0), '--certificate=/x')).toMatch(/SSL needs all three/);
    expect(await settings(h2)).toBe(before);
    const central = ['ovn', 'central', '--address', all.address(1), '--members', members(all)];
    expect(await refusal(h2, ...central)).toMatch(/member of OVN central is ssl:192.0.2.2:6643, not tcp:/);
  });

  it('tell a host that the certificate of a running daemon has gone bad, and take up a new one', async () => {
    const [, h2] = two();
    const tls = (cert: string) => [`${folder}/host-privkey.pem`, `${folder}/${cert}`, `${folder}/cacert.pem`];
    await h2.vsctl('set-ssl', ...tls('expired.pem'));
    await expect(guest(h2, 'net', 'late')).rejects.toThrow(/certificate .*expired.pem has expired/);
    await clear(h2, ['late'], []);
    await h2.vsctl('set-ssl', ...tls('host-cert.pem'));
    await guest(h2, 'net', 'late');
    await h2.killDaemon();
    await h2.daemon({ env: daemonEnv });
    await clear(h2, ['late'], []);
  });
}, [...ovnTools, 'ovs-pki', 'openssl']);
