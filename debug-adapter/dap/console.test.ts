import assert from 'node:assert/strict';
import type { SerialPort } from '../../emulator/bus/device.ts';
import { ConsoleInput } from '../../emulator/console-input.ts';
import type { Machine } from '../../emulator/machine.ts';
import { GuestConsole } from './console.ts';

describe('the console of a guest', () => {
  const texts: string[] = [];
  let ends = 0;
  let guestConsole: GuestConsole;
  let port: SerialPort;
  const print = (bytes: Iterable<number>): void => {
    for (const byte of bytes) port.onOutput?.(byte);
  };

  beforeEach(() => {
    texts.length = 0;
    ends = 0;
    port = {
      onOutput: undefined,
      receive: () => true,
      canReceive: () => true,
      interruptsOnReceive: false,
      reads: 0,
      sent: 0,
    };
    const machine = { board: { serial: [port] }, input: new ConsoleInput(port) } as unknown as Machine;
    guestConsole = new GuestConsole(
      machine,
      (text) => texts.push(text),
      () => ends++,
    );
  });
  afterEach(() => guestConsole.dispose());

  it('comes in batches', async () => {
    print(Buffer.from('hello'));
    assert.deepEqual(texts, []);
    await new Promise((resolve) => setTimeout(resolve, 40));
    assert.deepEqual(texts, ['hello']);
    print(Buffer.alloc(10_000, 'x'));
    assert.equal(texts.length, 3);
    guestConsole.flush();
    assert.equal(texts.join('').length, 10_005);
  });

  it('keeps a character together that is printed in parts', () => {
    const bytes = Buffer.from('€');
    print(bytes.subarray(0, 2));
    guestConsole.flush();
    assert.deepEqual(texts, []);
    print(bytes.subarray(2));
    guestConsole.flush();
    assert.deepEqual(texts, ['€']);
  });

  it('sees a panic, and the end of its message', () => {
    print(Buffer.from('Kernel pan'));
    assert.equal(guestConsole.panicked, false);
    print(Buffer.from('ic - not syncing\n'));
    assert.deepEqual([guestConsole.panicked, ends], [true, 0]);
    print(Buffer.from('---[ end Kernel panic - not syncing ]---'));
    assert.equal(ends, 0);
    print(Buffer.from('\nmore\n'));
    assert.equal(ends, 1);
  });
});
