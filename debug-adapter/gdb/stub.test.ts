import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Runner } from '../../emulator/runner.ts';
import { asciiBytes, asciiText, encodeGdbPacket, GdbPacketParser, hexToBytes } from '../../formats/gdb-packet.ts';
import { fakeMachine, WORD } from '../../emulator/fake-machine.testing.ts';
import { GdbSession } from './stub.ts';

const NOPS = Array.from({ length: 64 }, () => WORD.nop);

/** A client that keeps what it receives. */
function connect(program: readonly number[] = NOPS, options: { running?: boolean } = {}) {
  const fake = fakeMachine(program);
  const runner = new Runner(fake.machine, setImmediate);
  if (options.running) runner.resume();
  const parser = new GdbPacketParser();
  const received: string[] = [];
  let hungUp = false;
  const session = new GdbSession(
    runner,
    (bytes) => {
      for (const event of parser.push(bytes)) if (event.type === 'packet') received.push(asciiText(event.body));
    },
    { hangUp: () => (hungUp = true), schedule: setImmediate },
  );
  const send = (body: string): void => session.receive(encodeGdbPacket(body));
  /** Sends a request and returns the next reply, waiting for it when it needs the guest to stop. */
  const ask = async (body: string): Promise<string> => {
    const before = received.length;
    send(body);
    for (let turn = 0; turn < 2000; turn++) {
      const reply = received.slice(before).find((text) => !/^O[0-9a-f]/.test(text));
      if (reply !== undefined) return reply;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`no reply to ${body}`);
  };
  /** Runs a monitor command and returns its text. */
  const monitor = async (line: string): Promise<string> => {
    const before = received.length;
    assert.equal(await ask(`qRcmd,${Buffer.from(line).toString('hex')}`), 'OK');
    const hex = received.slice(before).filter((text) => /^O[0-9a-f]/.test(text));
    return hex.map((text) => Buffer.from(hexToBytes(text.slice(1)) ?? []).toString()).join('');
  };
  return { ...fake, runner, session, send, ask, monitor, received, hungUp: () => hungUp };
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe('gdb stub', () => {
  it('introduces itself', async () => {
    const { ask } = connect();
    assert.match(
      await ask('qSupported:swbreak+;hwbreak+'),
      /PacketSize=10000.*qXfer:features:read\+.*vContSupported\+/,
    );
    assert.equal(await ask('vMustReplyEmpty'), '');
    assert.equal(await ask('?'), 'T05thread:01;');
    assert.equal(await ask('qC'), 'QC01');
    assert.equal(await ask('qfThreadInfo'), 'm01');
    assert.equal(await ask('qsThreadInfo'), 'l');
    assert.equal(await ask('qAttached'), '1');
    assert.equal(await ask('qOffsets'), '');
    assert.equal(await ask('vFile:setfs:0'), '');
    assert.equal(await ask('Hg0'), 'OK');
    assert.equal(await ask('Hc-1'), 'OK');
    assert.equal(await ask('Hg2'), 'E22');
    assert.equal(await ask('vCont?'), 'vCont;c;C;s;S;t;r');
  });

  it('acknowledges until told not to', () => {
    const sent: string[] = [];
    const session = new GdbSession(new Runner(fakeMachine().machine, setImmediate), (bytes) =>
      sent.push(asciiText(bytes)),
    );
    session.receive(asciiBytes('$qC#00'));
    session.receive(encodeGdbPacket('qC'));
    session.receive(asciiBytes('-'));
    session.receive(encodeGdbPacket('QStartNoAckMode'));
    session.receive(asciiBytes('$qC#00-'));
    session.receive(encodeGdbPacket('qC'));
    assert.deepEqual(sent, ['-', '+', '$QC01#f5', '$QC01#f5', '+', '$OK#9a', '$QC01#f5']);
  });

  it('sends the target description in pieces', async () => {
    const { ask } = connect();
    let xml = '';
    for (;;) {
      const reply = await ask(`qXfer:features:read:target.xml:${xml.length.toString(16)},100`);
      xml += reply.slice(1);
      if (reply[0] === 'l') break;
    }
    assert.match(
      xml,
      /org\.gnu\.gdb\.arm\.core[^]*name="cpsr"[^]*regnum="25"[^]*org\.trapline\.arm\.banked[^]*name="spsr_fiq"/,
    );
    assert.match(xml, /org\.trapline\.arm\.cp15[^]*name="ttbr0"/);
    assert.equal(await ask('qXfer:features:read:other.xml:0,100'), 'E00');
    assert.match(await ask('qXfer:memory-map:read::0,1000'), /type="ram" start="0x0" length="0x100000000"/);
  });

  it('reads and writes registers, switching banks through CPSR', async () => {
    const { ask } = connect();
    assert.equal(await ask('P2=78563412'), 'OK');
    assert.equal((await ask('g')).slice(16, 24), '78563412');
    assert.equal(await ask('Pd=00100000'), 'OK');
    assert.equal(await ask('P19=d2000000'), 'OK');
    assert.equal(await ask('pd'), '00000000');
    assert.equal(await ask('Pd=00200000'), 'OK');
    assert.equal(await ask('P19=d3000000'), 'OK');
    assert.equal(await ask('pd'), '00100000');
    const general = '01000000'.repeat(16) + 'd2000000';
    assert.equal(await ask(`G${general}`), 'OK');
    assert.equal(await ask('g'), general);
    assert.equal(await ask('p10'), 'E22');
    assert.equal(await ask('pffff'), 'E22');
    assert.equal(await ask('P1=12'), 'E22');
    assert.equal(await ask('G00'), 'E22');
  });

  it('reads and writes memory, in part where it ends', async () => {
    const { ask, ram } = connect();
    assert.equal(await ask('M100,3:010203'), 'OK');
    assert.equal(await ask('m100,4'), '01020300');
    assert.equal(await ask('X200,3:$#}'), 'OK');
    assert.deepEqual([...ram.subarray(0x200, 0x203)], [0x24, 0x23, 0x7d]);
    assert.equal(await ask('X200,0:'), 'OK');
    assert.equal(await ask('m3ffe,8'), '0000');
    assert.equal(await ask('m4000,4'), 'E14');
    assert.equal(await ask('M3ffe,4:01020304'), 'E14');
    assert.equal(await ask('M100,2:010203'), 'E22');
    assert.equal(await ask('mxyz'), 'E22');
    assert.equal((await ask('m0,ffffffff')).length, 0x8000);
  });

  it('steps, continues to breakpoints and reports which kind', async () => {
    const { ask } = connect();
    await ask('qSupported:swbreak+;hwbreak+');
    assert.match(await ask('s'), /^T05thread:01;.*0f:04000000;/);
    assert.match(await ask('vCont;s:1;c'), /0f:08000000;/);
    assert.equal(await ask('Z0,10,4'), 'OK');
    assert.equal(await ask('Z1,20,4'), 'OK');
    assert.match(await ask('c'), /^T05swbreak:;thread:01;.*0f:10000000;/);
    assert.match(await ask('vCont;c'), /^T05hwbreak:;.*0f:20000000;/);
    assert.equal(await ask('z1,20,4'), 'OK');
    assert.match(await ask('vCont;r20,30:1;c'), /^T05thread.*0f:30000000;/);
    assert.match(await ask('vCont;r0,100'), /0f:34000000|0f:00010000/);
    assert.match(await ask('s8'), /0f:0c000000;/);
    assert.match(await ask('c0'), /^T05swbreak:;.*0f:10000000;/);
    assert.equal(await ask('Z7,0,4'), '');
    assert.equal(await ask('Z0,xx'), 'E22');
    assert.equal(await ask('vCont;q'), 'E22');
  });

  it('stops a range step at a breakpoint inside it, and on an interrupt', async () => {
    const { ask, send, session, received } = connect([WORD.nop, WORD.nop, 0xeafffffd]);
    await ask('Z0,8,4');
    assert.match(await ask('vCont;r0,c'), /0f:08000000;/);
    await ask('z0,8,4');
    send('vCont;r0,c');
    await turns(3);
    const before = received.length;
    session.receive(Uint8Array.of(3));
    await turns(3);
    assert.match(received[before], /^T02/);
  });

  it('reports watchpoints, and absorbs the step by which a client passes the access', async () => {
    const { ask, machine } = connect([WORD.str, WORD.ldr, WORD.nop, WORD.str, ...NOPS]);
    await ask('P1=00020000');
    assert.equal(await ask('Z2,201,1'), 'OK');
    assert.equal(await ask('Z3,200,4'), 'OK');
    assert.match(await ask('c'), /^T05watch:00000201;.*0f:04000000;/);
    assert.equal(await ask('z2,201,1'), 'OK');
    assert.match(await ask('s'), /^T05thread.*0f:04000000;/);
    assert.equal(machine.vcpu.instructions, 1);
    assert.match(await ask('c'), /^T05rwatch:00000200;.*0f:08000000;/);
    assert.match(await ask('s'), /0f:0c000000;/, 'the watchpoint is still there: a step by the user');
    assert.equal(await ask('z3,200,4'), 'OK');
    assert.equal(await ask('Z4,200,4'), 'OK');
    assert.match(await ask('c'), /^T05awatch:00000200;.*0f:10000000;/);
    assert.equal(await ask('Z2,0,0'), 'E22');
    assert.equal(await ask('Z2,ffffffff,2'), 'E22');
  });

  it('interrupts a running guest, once', async () => {
    const { send, session, received, ask } = connect([0xea000000, WORD.nop, 0xeafffffc]);
    send('c');
    await turns(2);
    session.receive(Uint8Array.of(3, 3));
    await turns(3);
    assert.equal(received.filter((text) => text.startsWith('T')).length, 1);
    assert.match(received[0], /^T02thread:01;/);
    assert.equal(await ask('?'), 'T02thread:01;');
    const [pc] = /0f:.{8}/.exec(await ask('s')) ?? [];
    assert.ok(pc && !received[0].includes(pc), 'the step after an interrupt executes');
  });

  it('reports the end of the guest as a stop, with a note', async () => {
    const { ask, received } = connect([WORD.nop, WORD.branchToSelf]);
    assert.match(await ask('c'), /^T05.*0f:04000000;/);
    assert.match(Buffer.from(received[0].slice(1), 'hex').toString(), /halted at 0x00000004/);
    assert.equal(await ask('m0,4'), '0000a0e1');
  });

  it('pauses a running guest on attach and answers afterwards', async () => {
    const { ask, runner, session } = connect([0xea000000, WORD.nop, 0xeafffffc], { running: true });
    assert.equal(await ask('?'), 'T05thread:01;');
    assert.equal(runner.running, false);
    session.close();
    assert.equal(runner.running, true, 'a lost connection lets it run as before');
    runner.pause();
  });

  it('leaves a paused guest paused when the connection is lost, and without breakpoints', async () => {
    const { ask, runner, session, machine } = connect();
    await ask('Z0,8,4');
    session.close();
    assert.equal(runner.running, false);
    assert.equal(machine.run(8), 'budget');
    assert.equal(runner.onStop.size, 0);
  });

  it('lets the guest run on detach', async () => {
    const { ask, runner } = connect([0xea000000, WORD.nop, 0xeafffffc]);
    assert.equal(await ask('D'), 'OK');
    assert.equal(runner.running, true);
    runner.pause();
  });

  it('hangs up when it is told to kill, and when requests pile up', async () => {
    const killed = connect();
    killed.send('k');
    assert.ok(killed.hungUp());
    const flooded = connect([0xea000000, WORD.nop, 0xeafffffc]);
    flooded.send('c');
    for (let count = 0; count < 100; count++) flooded.send('g');
    assert.ok(flooded.hungUp());
    flooded.runner.pause();
    await turns(3);
  });

  it('restarts in extended mode', async () => {
    const { ask, hungUp } = connect();
    assert.equal(await ask('!'), 'OK');
    await ask('s');
    assert.equal(await ask('vKill;1'), 'OK');
    assert.match(await ask('vRun;'), /^T05/);
    assert.equal(await ask('pf'), '00000000');
    assert.ok(!hungUp());
  });

  it('runs monitor commands', async () => {
    const { monitor } = connect();
    assert.match(await monitor('help'), /monitor translation ADDRESS +walks/);
    assert.match(await monitor('info registers'), /cpsr {11} {2}0x000000d3 {2}nzcvqjIFt svc/);
    assert.match(await monitor('info memory'), /0x00000000-0x00003fff {2}RAM, 16 KB/);
    assert.match(await monitor('info devices'), /no devices/);
    assert.match(await monitor('translation 0xc0000010'), /physical 0x00000010/);
    assert.match(await monitor('translation $pc'), /physical 0x00000000/);
    assert.match(await monitor('translation 0x50000000'), /no mapping/);
    assert.match(await monitor('translation zebra'), /Usage/);
    assert.match(await monitor('xp 0 8'), /^0x00000000: e1a00000 e1a00000 e1a00000 e1a00000\n0x00000010: /);
    assert.match(await monitor('xp 0x50000000'), /no RAM/);
    assert.match(await monitor('exits'), /no exits in native mode/);
    assert.match(await monitor('step-count'), /^0 instructions/);
    assert.match(await monitor('type hello'), /6 characters/);
    assert.match(await monitor('reset'), /at its start, pc = 0x00000000/);
    assert.match(await monitor('frobnicate'), /Unknown monitor command "frobnicate"/);
  });

  it('answers every request there is, however it is mangled', function () {
    // Steps of long ranges are made one by one.
    this.timeout(60_000);
    const seeds = ['?', 'g', 'G00', 'p0', 'P19=d3000000', 'm0,10', 'M0,4:01020304', 'X0,1:a', 's', 'c', 'vCont;s:1;c'];
    seeds.push('vCont;r0,10:1', 'Z0,10,4', 'z1,10,4', 'Z2,100,4', 'Hg0', 'T1', 'qSupported:swbreak+', 'qRcmd,68656c70');
    seeds.push('qXfer:features:read:target.xml:0,fff', 'qC', 'D', 'R', '!', 'vRun;', 'vKill;1', 'qThreadExtraInfo,1');
    const mangled = fc
      .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 3 }), fc.nat(40))
      .map(([seed, changes, cut]) => {
        const bytes = asciiBytes(seed);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        return bytes.subarray(0, cut || bytes.length);
      });
    return fc.assert(
      fc.asyncProperty(fc.array(mangled, { maxLength: 20 }), async (requests) => {
        const { runner, session, ask, hungUp } = connect();
        for (const request of requests) {
          session.receive(encodeGdbPacket(request));
          if (!runner.running) continue;
          session.receive(Uint8Array.of(3));
          await turns(4);
        }
        await turns(4);
        const detached = runner.running;
        if (!hungUp() && !detached) assert.equal(await ask('qC'), 'QC01');
        session.close();
        runner.pause();
        await turns(2);
        assert.equal(runner.onStop.size, 0);
      }),
      { numRuns: 40 },
    );
  });
});
