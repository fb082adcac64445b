// An OpenFlow app: a hub that says who talks to whom, and lets one pair talk without it.
//
//   docker network create -d ovs -o ovs.bridge.controller=tcp:127.0.0.1:6653 --subnet 172.14.0.0/24 talk
//   linecard controller run examples/who-talks.ts --watch --option greeting=hello
//   docker run -td --net=talk --name=ann busybox && docker run --rm --net=talk busybox ping -c 3 ann
import type { App, AppKit } from '@linecard/controller';

export default ({ options, log }: AppKit): App => ({
  name: 'who-talks',
  on: {
    async switchUp(sw) {
      log(`${options.greeting ?? 'hi'}, switch ${sw.name} with ports ${[...sw.ports.keys()].join(' ')}`);
      await sw.flows.apply(['priority=1,arp actions=FLOOD', 'priority=0 actions=CONTROLLER:65535'], { cookie: 1n });
    },
    packetIn(sw, packet) {
      const { ethernet } = packet;
      if (ethernet === undefined) return;
      log(`port ${packet.inPort}: ${ethernet.source} -> ${ethernet.destination}`);
      sw.addFlow(`idle_timeout=10,dl_src=${ethernet.source},dl_dst=${ethernet.destination} actions=FLOOD`, 2n);
      sw.forward(packet, 'FLOOD');
    },
  },
});
