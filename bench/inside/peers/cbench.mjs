// Switches that do nothing but ask: after the manner of cbench. Speaks OpenFlow 1.3 from bytes of its own, so that it
// checks the controller's messages instead of trusting its codec. Run as a child process; orders come by IPC.
import { connect } from 'node:net';

const type = {
  hello: 0,
  error: 1,
  echoRequest: 2,
  echoReply: 3,
  featuresRequest: 5,
  featuresReply: 6,
  getConfig: 7,
  configReply: 8,
  packetIn: 10,
  packetOut: 13,
  flowMod: 14,
  multipartRequest: 18,
  multipartReply: 19,
  barrierRequest: 20,
  barrierReply: 21,
  roleRequest: 24,
  roleReply: 25,
  bundleControl: 33,
};
const ports = 4;
const frameLength = 60;
const packetInLength = 42 + frameLength;

function message(kind, xid, body = Buffer.alloc(0)) {
  const out = Buffer.alloc(8 + body.length);
  out.writeUInt8(4, 0);
  out.writeUInt8(kind, 1);
  out.writeUInt16BE(out.length, 2);
  out.writeUInt32BE(xid, 4);
  body.copy(out, 8);
  return out;
}

function portDescriptions() {
  const out = Buffer.alloc(8 + 64 * ports);
  out.writeUInt16BE(13, 0);
  for (let port = 1; port <= ports; port++) {
    const at = 8 + 64 * (port - 1);
    out.writeUInt32BE(port, at);
    out.writeUIntBE(0x020000001000 + port, at + 8, 6);
    out.write(`port${port}`, at + 16, 'latin1');
    out.writeUInt32BE(4, at + 36);
  }
  return out;
}

/** A packet-in with OXM in_port; the frame's addresses and the port are overwritten for each packet. */
function packetInTemplate() {
  const out = Buffer.alloc(packetInLength);
  message(type.packetIn, 0, Buffer.alloc(packetInLength - 8)).copy(out);
  out.writeUInt32BE(0xffffffff, 8);
  out.writeUInt16BE(frameLength, 12);
  out.writeUInt16BE(1, 24);
  out.writeUInt16BE(12, 26);
  out.writeUInt32BE(0x80000004, 28);
  out.writeUInt16BE(0x0800, 42 + 12);
  return out;
}
const template = packetInTemplate();

class Switch {
  constructor(options, dpid) {
    this.macs = options.macs;
    this.dpid = dpid;
    this.rest = Buffer.alloc(0);
    this.flowMods = 0;
    this.packetOuts = 0;
    this.errors = 0;
    this.next = dpid * 7919;
    this.sentAt = new Float64Array(65_536);
    this.sent = 0;
    this.cursor = 0;
    this.onAnswer = () => undefined;
    this.socket = connect(options.target);
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk) => this.read(chunk));
    this.socket.on('error', () => undefined);
    this.ready = new Promise((resolve, reject) => {
      this.resolveReady = resolve;
      this.socket.on('close', () => reject(new Error(`switch ${dpid}: the controller closed the connection`)));
    });
    this.socket.write(message(type.hello, 1, Buffer.from('0001000800000010', 'hex')));
  }

  read(chunk) {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    let answers = 0;
    while (bytes.length - at >= 8) {
      const length = (bytes[at + 2] << 8) | bytes[at + 3];
      if (length < 8) throw new Error(`message of ${length} bytes`);
      if (bytes.length - at < length) break;
      const kind = bytes[at + 1];
      if (kind === type.flowMod) this.flowMods++;
      else if (kind === type.packetOut) answers++;
      else this.answer(kind, bytes.subarray(at, at + length));
      at += length;
    }
    this.rest = bytes.subarray(at);
    if (answers > 0) {
      this.packetOuts += answers;
      this.onAnswer(answers);
    }
  }

  answer(kind, request) {
    const xid = request.readUInt32BE(4);
    const reply = (replyType, body) => this.socket.write(message(replyType, xid, body));
    if (kind === type.error) this.errors++;
    else if (kind === type.echoRequest) reply(type.echoReply, request.subarray(8));
    else if (kind === type.featuresRequest) reply(type.featuresReply, this.features());
    else if (kind === type.getConfig) reply(type.configReply, Buffer.alloc(4));
    else if (kind === type.barrierRequest) reply(type.barrierReply);
    else if (kind === type.roleRequest) reply(type.roleReply, request.subarray(8));
    else if (kind === type.bundleControl) reply(type.error, Buffer.from('00010001', 'hex'));
    else if (kind === type.multipartRequest) this.multipart(request, reply);
    if (kind === type.barrierRequest || kind === type.featuresRequest || kind === type.multipartRequest) this.settle();
  }

  /** The controller has what it wants to know when it has asked nothing for a while. */
  settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(this.resolveReady, 300);
  }

  features() {
    const body = Buffer.alloc(24);
    body.writeBigUInt64BE(BigInt(this.dpid), 0);
    body.writeUInt8(1, 12);
    body.writeUInt32BE(0x4f, 16);
    return body;
  }

  multipart(request, reply) {
    const kind = request.readUInt16BE(8);
    if (kind === 13) return reply(type.multipartReply, portDescriptions());
    if (kind === 1) return reply(type.multipartReply, Buffer.from('0001000000000000', 'hex'));
    if (kind === 0) return reply(type.multipartReply, Buffer.alloc(8 + 1056));
    return reply(type.error, Buffer.from('00010002', 'hex'));
  }

  /** The next packet-ins of the prepared ones, in one write: asking costs next to nothing, answering is what counts. */
  ask(count) {
    this.prepared ??= this.prepare(4096, random, elsewhere);
    const now = performance.now();
    for (let i = 0; i < count; i++) this.sentAt[(this.sent + i) & 65_535] = now;
    this.sent += count;
    for (let left = count; left > 0; ) {
      const here = Math.min(left, 4096 - this.cursor);
      this.socket.write(this.prepared.subarray(this.cursor * packetInLength, (this.cursor + here) * packetInLength));
      this.cursor = (this.cursor + here) % 4096;
      left -= here;
    }
  }

  /** The bytes of packet-ins from hosts to hosts, both by number. */
  prepare(count, source, destination) {
    const out = Buffer.allocUnsafe(count * packetInLength);
    for (let i = 0; i < count; i++) {
      const at = i * packetInLength;
      const from = source(this);
      template.copy(out, at);
      out[at + 35] = 1 + (from % ports);
      mac(out, at + 42, destination(this, from));
      mac(out, at + 48, from);
    }
    return out;
  }
}

function mac(out, at, host) {
  out[at] = host < 0 ? 0xff : 2;
  for (let i = 1; i < 4; i++) out[at + i] = host < 0 ? 0xff : 0;
  out[at + 4] = (host >> 8) & 0xff;
  out[at + 5] = host & 0xff;
}

const random = (sw) => {
  sw.next = (Math.imul(sw.next, 1_103_515_245) + 12_345) & 0x7fffffff;
  return (sw.next >> 8) % sw.macs;
};

/** A host behind another port than `from` is: nothing has to be sent back where it came from. */
const elsewhere = (sw, from) => {
  const host = random(sw);
  return host % ports === from % ports ? (host + 1) % sw.macs : host;
};

/** Keeps `window` packet-ins of each switch unanswered until the time is over, then waits for the last answers. */
function flood(switches, window, ms) {
  const before = switches.map((sw) => sw.flowMods);
  return new Promise((resolve) => {
    const start = performance.now();
    let answered = 0;
    let open = switches.length * window;
    let result;
    for (const sw of switches) {
      sw.onAnswer = (count) => {
        answered += count;
        const seconds = (performance.now() - start) / 1000;
        if (seconds * 1000 < ms) return sw.ask(count);
        open -= count;
        result ??= { seconds, perSecond: answered / seconds };
        if (open > 0) return undefined;
        const flowMods = switches.reduce((sum, other, i) => sum + other.flowMods - before[i], 0);
        return resolve({ ...result, answered, flowMods });
      };
      sw.ask(window);
    }
  });
}

/** Sends at a steady rate, answered or not, in bursts of at most 32 of one switch, and measures each answer. */
function paced(switches, perSecond, ms) {
  const latencies = new Float64Array(Math.ceil((perSecond * ms) / 900) + 65_536);
  const burst = Math.max(1, Math.min(32, Math.floor(perSecond / 10_000)));
  let measured = 0;
  for (const sw of switches) {
    let read = sw.sent;
    sw.onAnswer = (count) => {
      const now = performance.now();
      for (let i = 0; i < count; i++) latencies[measured++] = now - sw.sentAt[read++ & 65_535];
    };
  }
  return new Promise((resolve) => {
    const start = performance.now();
    let bursts = 0;
    const step = () => {
      const elapsed = performance.now() - start;
      if (elapsed >= ms) return setTimeout(() => resolve(percentiles(latencies.subarray(0, measured))), 300);
      const due = (elapsed * perSecond) / 1000 / burst;
      for (; bursts < due; bursts++) switches[bursts % switches.length].ask(burst);
      return setImmediate(step);
    };
    step();
  });
}

/** One packet-in, its answer, then the next. */
async function oneByOne(sw, ms) {
  const latencies = [];
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const start = performance.now();
    await new Promise((resolve) => {
      sw.onAnswer = resolve;
      sw.ask(1);
    });
    latencies.push(performance.now() - start);
  }
  return percentiles(latencies);
}

function percentiles(values) {
  const sorted = Float64Array.from(values).sort();
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return { count: sorted.length, mean, p50: at(0.5), p99: at(0.99), max: at(1) };
}

async function learn(sw) {
  let host = 0;
  await new Promise((resolve) => {
    let open = 0;
    const more = () => {
      const count = Math.min(64 - open, sw.macs - host);
      const next = () => host++;
      if (count > 0) sw.socket.write(sw.prepare(count, next, () => -1));
      open += count;
      if (open === 0) resolve();
    };
    sw.onAnswer = (count) => {
      open -= count;
      more();
    };
    more();
  });
}

let switches = [];
const orders = {
  async open(options) {
    switches = Array.from({ length: options.switches }, (_, i) => new Switch(options, i + 1));
    await Promise.all(switches.map((sw) => sw.ready));
    for (const sw of switches) await learn(sw);
  },
  async connectOnly(options) {
    switches = Array.from({ length: options.switches }, (_, i) => new Switch({ ...options, macs: 1 }, i + 1));
    await Promise.all(switches.map((sw) => sw.ready));
  },
  flood: (options) => flood(switches, options.window, options.ms),
  paced: (options) => paced(switches, options.perSecond, options.ms),
  oneByOne: (options) => oneByOne(switches[0], options.ms),
  async close() {
    for (const sw of switches) sw.socket.destroy();
    setImmediate(() => process.disconnect());
    return { errors: switches.reduce((sum, sw) => sum + sw.errors, 0) };
  },
};

process.on('message', async ({ order, options }) => {
  try {
    process.send({ result: (await orders[order](options)) ?? {} });
  } catch (error) {
    process.send({ error: String(error.stack) });
  }
});
