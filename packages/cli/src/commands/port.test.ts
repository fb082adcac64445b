import { expect, it } from 'vitest';
import { portLine } from './port.js';

const plugged = { ifname: 'eth0', mac: '9a:69:12:bc:3d:1d', bridge: 'vlanswitch', ofport: 3, hostInterface: 'lcv1' };

it('prints what docker-ovs-port printed', () => {
  expect(portLine(plugged, 'vlanswitch')).toBe('eth0,3,9a:69:12:bc:3d:1d');
  expect(portLine(plugged, 'other')).toBe('eth0,,9a:69:12:bc:3d:1d');
  expect(portLine(plugged, undefined)).toBe('eth0,3,9a:69:12:bc:3d:1d,vlanswitch');
  expect(portLine({ ifname: 'eth1', mac: '02:00:00:00:00:01' }, undefined)).toBe('eth1,,02:00:00:00:00:01,');
});

it('says on which other host a container is', () => {
  const remote = { ifname: '', mac: '02:42:0a:09:00:03', bridge: 'br-int', ofport: 4, host: 'h2', tunnelKey: 3 };
  expect(portLine(remote, undefined)).toBe(',4,02:42:0a:09:00:03,br-int,h2');
  expect(portLine(remote, 'br-int')).toBe(',4,02:42:0a:09:00:03');
  expect(portLine({ ...remote, ifname: 'eth0' }, undefined), 'of this host').toBe('eth0,4,02:42:0a:09:00:03,br-int');
});
