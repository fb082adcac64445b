interface Entry {
  port: number;
  /** When its host was last heard, in milliseconds. */
  heard: number;
}

/** Which address is behind which port, VLAN by VLAN: of limited size, and with limited memory for the silent. */
export class MacTable {
  readonly #vlans = new Map<number, Map<number, Entry>>();
  readonly #ageMs: number;
  readonly #limit: number;
  #size = 0;

  constructor(ageMs: number, limit: number) {
    this.#ageMs = ageMs;
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  /** Notes that `mac` was heard at `port`. */
  learn(vlan: number, mac: number, port: number, now: number): 'new' | 'same' | 'moved' {
    const entry = this.#vlans.get(vlan)?.get(mac);
    if (entry === undefined) {
      if (this.#size >= this.#limit) this.#forgetOldest();
      this.#add(vlan, mac, { port, heard: now });
      return 'new';
    }
    const moved = entry.port !== port;
    entry.port = port;
    entry.heard = now;
    return moved ? 'moved' : 'same';
  }

  /** The port of `mac`, unless nothing was heard of it for too long. */
  find(vlan: number, mac: number, now: number): number | undefined {
    const entry = this.#vlans.get(vlan)?.get(mac);
    return entry === undefined || now - entry.heard > this.#ageMs ? undefined : entry.port;
  }

  /** Forgets all addresses behind a port. */
  forgetPort(port: number): void {
    this.#forget((entry) => entry.port === port);
  }

  #add(vlan: number, mac: number, entry: Entry): void {
    const macs = this.#vlans.get(vlan) ?? new Map<number, Entry>();
    this.#vlans.set(vlan, macs.set(mac, entry));
    this.#size++;
  }

  /** Makes room when the table is full: the older half goes at once, so that an attack costs little per packet. */
  #forgetOldest(): void {
    const heard = [...this.#vlans.values()].flatMap((macs) => [...macs.values()].map((entry) => entry.heard));
    const median = heard.sort((a, b) => a - b)[heard.length >> 1] ?? 0;
    this.#forget((entry) => entry.heard <= median);
  }

  #forget(which: (entry: Entry) => boolean): void {
    for (const [vlan, macs] of this.#vlans) {
      for (const [mac, entry] of macs) {
        if (!which(entry)) continue;
        macs.delete(mac);
        this.#size--;
      }
      if (macs.size === 0) this.#vlans.delete(vlan);
    }
  }
}
