/** The client against a scripted server, and against QEMU where it is installed. */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { encodeGdbPacket } from '../../formats/gdb-packet.ts';
import { BreakpointKind, qemuVersion, RspClient, SingleStep, startQemu, type QemuSession } from './rsp-client.ts';

/** A server that answers the first bytes it gets with each of `answers` in turn, after the handshake. */
async function scripted(answers: ReadonlyArray<(socket: Socket) => void>): Promise<{ server: Server; port: number }> {
  const queue = [...answers];
  const server = createServer((socket) => {
    let greeted = false;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      if (!/[$-]/.test(text)) return;
      if (!greeted) {
        greeted = true;
        socket.write('+');
        socket.write(encodeGdbPacket('PacketSize=1000'));
      } else {
        queue.shift()?.(socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

async function withServer(
  answers: ReadonlyArray<(socket: Socket) => void>,
  body: (client: RspClient) => Promise<void>,
): Promise<void> {
  const { server, port } = await scripted(answers);
  const client = await RspClient.connect({ host: '127.0.0.1', port });
  try {
    await body(client);
  } finally {
    client.close();
    server.close();
  }
}

describe('RspClient', () => {
  it('asks again for a damaged reply and sends again what the server did not understand', () =>
    withServer(
      [
        (socket) => socket.write('+$2a000000#00'),
        (socket) => socket.write(encodeGdbPacket('2a000000')),
        (socket) => socket.write('-'),
        (socket) => {
          socket.write('+');
          socket.write(encodeGdbPacket('OK'));
        },
      ],
      async (client) => {
        assert.equal(await client.readRegister(0), 42);
        await client.writeRegister(0, 1);
      },
    ));

  it('expands runs, and takes a reply in pieces', () =>
    withServer(
      [
        (socket) => {
          socket.write('+$0* ');
          setTimeout(() => socket.write('00#da'), 5);
        },
        (socket) => socket.write(encodeGdbPacket('E14')),
      ],
      async (client) => {
        // "0* " is four zeros; a wrong checksum would fail the request.
        assert.equal(await client.request('m0,3').catch(() => 'failed'), '000000');
        await assert.rejects(client.readMemory(0x1000, 4), /refuses m1000,4 \(E14\)/);
      },
    ));

  it('says what got no reply, and fails everything after it', () =>
    withServer([], async (client) => {
      const silent = client.request('vSilence', 20);
      const queued = client.request('g');
      await assert.rejects(silent, /No reply to vSilence within 20 ms/);
      await assert.rejects(queued, /No reply to vSilence/);
      await assert.rejects(client.request('g'), /No reply to vSilence/);
    }));

  it('collects what the monitor prints', () =>
    withServer(
      [
        (socket) => {
          socket.write(encodeGdbPacket('O6869'));
          socket.write(encodeGdbPacket('O0a'));
          socket.write(encodeGdbPacket('OK'));
        },
      ],
      async (client) => assert.equal(await client.monitor('info'), 'hi\n'),
    ));

  it('says when a server does not support something', () =>
    withServer([(socket) => socket.write(encodeGdbPacket(''))], async (client) =>
      assert.rejects(client.setSingleStep(7), /does not support Qqemu.sstep=7/),
    ));

  it('reports a connection that the server closes', () =>
    withServer([(socket) => socket.destroy()], async (client) => assert.rejects(client.request('g'), /closed|broke/)));
});

describe('RspClient on QEMU', () => {
  let qemu: QemuSession | undefined;

  before(async function () {
    if (!qemuVersion()) this.skip();
    qemu = await startQemu({
      args: [
        '-M',
        'versatilepb',
        '-cpu',
        'arm926',
        '-m',
        '16',
        '-display',
        'none',
        '-nodefaults',
        '-serial',
        'null',
        '-S',
      ],
    });
  });

  after(async () => qemu?.stop());

  it('writes a program, steps it and stops at break- and watchpoints', async () => {
    const { client } = qemu!;
    // mov r0, #1; add r0, r0, #1; str r0, [r1]; b .
    const words = [0xe3a00001, 0xe2800001, 0xe5810000, 0xeafffffe];
    await client.writeMemory(0x1000, new Uint8Array(Uint32Array.from(words).buffer));
    assert.equal(await client.readWord(0x1004), 0xe2800001);
    await client.writeRegister(1, 0x2000);
    await client.writeRegister(15, 0x1000);
    await client.setSingleStep(SingleStep.Enable | SingleStep.NoIrq | SingleStep.NoTimer);
    assert.equal((await client.step()).signal, 5);
    assert.equal(await client.readRegister(0), 1);
    await client.setBreakpoint(0x1008);
    await client.continue();
    await client.removeBreakpoint(0x1008);
    const registers = await client.readRegisters();
    assert.equal(registers[15], 0x1008);
    assert.equal(registers[0], 2);
    assert.equal(registers[16], await client.readRegister(16));
    await client.setBreakpoint(0x2000, BreakpointKind.Write);
    assert.equal((await client.continue()).watchAddress, 0x2000);
    await client.removeBreakpoint(0x2000, BreakpointKind.Write);
    const running = client.continue();
    setTimeout(() => client.interrupt(), 20);
    assert.equal((await running).signal, 2);
    assert.equal(await client.readWord(0x2000), 2);
  });

  it('moves more memory than a packet holds', async () => {
    const { client } = qemu!;
    const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) & 0xff);
    await client.writeMemory(0x10000, bytes);
    assert.deepEqual(await client.readMemory(0x10000, 5000), bytes);
  });

  it('reads a device by its physical address', async () => {
    const { client } = qemu!;
    await client.usePhysicalMemory(true);
    assert.equal(await client.readWord(0x1000_0000), 0x4100_7004);
    await client.usePhysicalMemory(false);
  });

  it('gives the monitor a command', async () => {
    assert.match(await qemu!.client.monitor('info registers'), /R15=/);
  });

  it('explains a QEMU that does not start', async () => {
    await assert.rejects(startQemu({ args: ['-M', 'nonesuch'] }), /ended before it could be reached.*machine type/s);
  });
});
