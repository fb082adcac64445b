// Our controller with the learning switch, as a process of its own: node peers/linecard.mjs ENDPOINT
import { Controller, learningSwitch } from '@linecard/controller';

const controller = new Controller({ versions: [4] });
controller.use(learningSwitch());
controller.on('appError', (_app, handler, error) => console.error(handler, error));
controller.on('refused', (_sw, error) => console.error('refused', error));
await controller.listen(process.argv[2]);
process.on('message', () => {
  const { rss, heapUsed } = process.memoryUsage();
  process.send({ rss, heapUsed, switches: controller.switches.size });
});
process.on('disconnect', () => process.exit(0));
process.send({ ready: true });
