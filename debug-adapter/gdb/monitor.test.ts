/** Monitor commands about the hypervisor, on the sample kernel in a program. */
import assert from 'node:assert/strict';
import { guestMachine, SAMPLE_GUEST } from '../../test/guest-machine.ts';
import { hex32 } from '../target.ts';
import { runMonitorCommand } from './monitor.ts';

describe('monitor commands about the hypervisor', () => {
  let monitor: (line: string) => string;
  let main: number;

  before(async () => {
    const { machine, elf } = await guestMachine(SAMPLE_GUEST, 'lpv', {
      hypervisor: { savings: [] },
      input: 'run cow\n',
    });
    main = elf?.symbols.find('cow_main')?.address ?? assert.fail('no cow_main');
    machine.vcpu.setBreakpoints([main]);
    assert.equal(machine.run(100_000_000), 'breakpoint');
    monitor = (line) => runMonitorCommand({ machine, reset: () => assert.fail('nobody asked') }, line);
  });

  it('count exits by cause, adding up', () => {
    const rows = monitor('exits')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ +/));
    const total = rows.pop();
    assert.equal(total?.[0], 'total');
    assert.equal(
      rows.reduce((sum, [, count]) => sum + Number(count), 0),
      Number(total?.[1]),
    );
  });

  it('list sites, device registers and the last exits', () => {
    assert.match(monitor('exits sites'), /^(0x[0-9a-f]{8} {2}[a-z0-9.-]+ +\d+\n){20}$/);
    assert.match(monitor('exits registers'), /^register +reads +writes\n(.*\n)*pl011-0 UARTFR +\d+ +0\n/);
    const [title, ...lines] = monitor('exits log').trimEnd().split('\n');
    assert.match(title, /^exit +instructions +mode +pc +cause +address$/);
    const numbers = lines.map((line) => parseInt(line, 10));
    assert.deepEqual(
      numbers,
      Array.from({ length: 20 }, (_, i) => numbers[0] + i),
    );
    assert.match(monitor('exits nothing'), /^Usage: monitor exits/);
  });

  it('walk the tables of the guest and of the shadow', () => {
    const text = monitor(`translation ${hex32(main)}`);
    assert.match(text, / {2}level 1 at 0x[0-9a-f]{8}: 0x[0-9a-f]{8} coarse, domain \d+, to 0x/);
    assert.match(text, /shadow for user mode: same; read yes, write no\n/);
    assert.match(text, /in user mode now: read direct, write guest-fault\n$/);
    assert.match(monitor('translation 0xf11f1000'), /physical 0x101f1000 \(pl011-0\)/);
  });

  it('list the tables side by side', () => {
    const megabytes = monitor('pagetables');
    assert.match(megabytes, /^address +guest +to +shadow, privileged +shadow, user\n/);
    assert.match(megabytes, /^0xc0000000 +(coarse|section) +0x[0-9a-f]{8} +(same|narrower) \(\d+\)/m);
    assert.match(monitor('pagetables 0xc0000000'), /^0xc0008000 +(small|large) +0x00008000 +same/m);
    assert.equal(monitor('pagetables 0x50000000'), 'Nothing is mapped here.\n');
    assert.match(monitor('pagetables here'), /^Usage: monitor pagetables/);
  });
});
