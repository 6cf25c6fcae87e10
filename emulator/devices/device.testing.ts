/** What the tests of devices share. */
import type { Device, Line } from '../bus/device.ts';

/** A line that remembers its level. */
export class TestLine implements Line {
  level = false;
  set(level: boolean): void {
    this.level = level;
  }
}

/** Word accesses to a device at a time that the test moves. */
export class Probe {
  now = 0;
  readonly device: Device;

  constructor(device: Device) {
    this.device = device;
  }

  read(offset: number): number {
    return this.device.read(offset, 4, this.now);
  }

  write(offset: number, value: number): void {
    this.device.write(offset, 4, value, this.now);
  }

  /** Moves time to `now` as a machine does: stopping at each event on the way. Returns the events met. */
  advanceTo(now: number): number[] {
    const events: number[] = [];
    for (let event = this.device.nextEvent(); event <= now; event = this.device.nextEvent()) {
      events.push(event);
      this.device.advance(event);
      if (this.device.nextEvent() <= event) throw new Error(`${this.device.name} does not get past its event`);
    }
    this.now = now;
    this.device.advance(now);
    return events;
  }

  /** PeriphID3..0 as one number, and PCellID3..0. */
  identification(): [peripheral: number, cell: number] {
    const word = (from: number) => [12, 8, 4, 0].reduce((value, at) => ((value << 8) | this.read(from + at)) >>> 0, 0);
    return [word(0xfe0), word(0xff0)];
  }
}
