// Captures netlink datagrams of the running kernel for the unit tests. Run after a build, in a namespace of its own:
//   unshare --net node packages/linux/scripts/capture-fixtures.mjs > packages/linux/src/fixtures/rtnetlink.txt
import { Netlink } from '../dist/index.js';
import { encodeDeleteLink, encodeGetLink } from '../dist/link.js';
import { Channel } from '../dist/netlink/channel.js';
import { address, RTM, route } from '../dist/netlink/rtnetlink.js';
import { NETLINK_ROUTE, openSocket } from '../dist/netlink/transport.js';

const netlink = Netlink.open();
let title = '';
const channel = new Channel((events) =>
  openSocket(NETLINK_ROUTE, {
    failure: events.failure,
    datagram(bytes) {
      console.log(`${title} ${Buffer.from(bytes).toString('hex')}`);
      events.datagram(bytes);
    },
  }),
);

await netlink.createVeth({
  name: 'lc0',
  peer: 'lc1',
  mtu: 1400,
  mac: '02:00:00:00:00:01',
  peerMac: '02:00:00:00:00:02',
  alias: 'port of alice',
  group: 7,
  up: true,
});
const { index } = await netlink.link('lc0');
await netlink.setLink('lc1', { up: true });
await netlink.addAddress(index, '192.0.2.1/24');
await netlink.addAddress(index, '2001:db8::1/64');
await netlink.addRoute({ destination: '198.51.100.0/24', gateway: '192.0.2.254' });

title = 'link';
await channel.request({ what: title, type: RTM.GETLINK, payload: encodeGetLink('lc0', undefined) });
title = 'missing';
await channel
  .request({ what: title, type: RTM.DELLINK, payload: encodeDeleteLink('lc9') })
  .catch((error) => console.error(error.message));
title = 'addresses';
await channel.dump({ what: title, type: RTM.GETADDR, payload: address.encode({ family: 2 }, {}) });
await channel.dump({ what: title, type: RTM.GETADDR, payload: address.encode({ family: 10 }, {}) });
title = 'routes';
await channel.dump({ what: title, type: RTM.GETROUTE, payload: route.encode({ family: 2 }, {}) });
await channel.close();
netlink.close();
