/** What the editor's views ask of the adapter: exits by line, sources of addresses, physical memory, the numbers of a run at its end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type {
  ExitsResponse,
  LineExitsResponse,
  LocateResponse,
  MachineResponse,
  RunEndedBody,
  TranslationResponse,
} from '../protocol.ts';
import { SampleSession } from './sample-session.testing.ts';

interface Read {
  address: string;
  data?: string;
  unreadableBytes?: number;
}

describe('requests of the views', function () {
  this.timeout(30_000);
  let s: SampleSession;
  beforeEach(async () => {
    s = await SampleSession.start({ mode: 'lpv' });
    await s.runTo('sys_exit');
  });
  afterEach(() => s.c.close());

  it('trapline/lineExits sums to all exits, at lines that exist and can trap', async () => {
    const { total } = await s.c.request<ExitsResponse>('trapline/exits');
    const { lines, elsewhere } = await s.c.request<LineExitsResponse>('trapline/lineExits');
    assert.equal(lines.reduce((sum, { count }) => sum + count, 0) + elsewhere, total);
    assert.ok(lines.length > 30);
    for (const { count, causes } of lines) {
      assert.equal(
        Object.values(causes).reduce((sum, one) => sum + one, 0),
        count,
      );
    }
    const access = lines.filter(({ causes }) => 'user-access.load' in causes);
    assert.ok(access.length > 0);
    for (const { path, line } of access) {
      assert.match(readFileSync(path, 'utf8').split('\n')[line - 1], /ldr(t|bt)\b/, `${path}:${line}`);
    }
  });

  it('trapline/locate finds files, functions and listings', async () => {
    const [{ line, source, instructionPointerReference: address = '' }] = await s.frames();
    const found = await s.c.request<LocateResponse>('trapline/locate', { address });
    assert.deepEqual([found.source?.path, found.line], [source?.path, line]);
    const byName = await s.c.request<LocateResponse>('trapline/locate', { function: 'put_char' });
    assert.equal(byName.source?.path, s.path('kernel/console.c'));
    const vectors = await s.c.request<LocateResponse>('trapline/locate', { address: '0xffff0008' });
    assert.ok((vectors.source?.sourceReference ?? 0) > 0);
    const nowhere = await s.c.request<LocateResponse>('trapline/locate', { address: '0xe0000000' });
    assert.equal(nowhere.source?.path, undefined);
    assert.match((await s.c.fails('trapline/locate', { function: 'no_such' })).message ?? '', /No symbol "no_such"/);
    assert.match((await s.c.fails('trapline/locate')).message ?? '', /argument address/);
  });

  it('reads and writes physical memory behind p:', async () => {
    const [{ instructionPointerReference: address = '' }] = await s.frames();
    const { guest } = await s.c.request<TranslationResponse>('trapline/translation', { address });
    const physical = `p:${guest.physicalAddress}`;
    const virtualRead = await s.c.request<Read>('readMemory', { memoryReference: address, count: 64 });
    const physicalRead = await s.c.request<Read>('readMemory', { memoryReference: physical, count: 64 });
    assert.equal(physicalRead.data, virtualRead.data);
    assert.equal(physicalRead.address, physical);
    const place = { memoryReference: 'p:0x07fffff0' };
    await s.c.request('writeMemory', { ...place, offset: 8, data: 'AQIDBA==' });
    const written = await s.c.request<Read>('readMemory', { ...place, offset: 8, count: 4 });
    assert.equal(written.data, 'AQIDBA==');
    // RAM ends there.
    const end = await s.c.request<Read>('readMemory', { ...place, count: 32 });
    assert.deepEqual([Buffer.from(end.data ?? '', 'base64').length, end.unreadableBytes], [16, 16]);
    assert.match(
      (await s.c.fails('writeMemory', { ...place, offset: 14, data: 'AQIDBA==' })).message ?? '',
      /p:0x07fffffe/,
    );
    for (const bad of ['p:', 'p:sp', 'q:0x10', 'p:0x100000000', 'p:p:0x10']) {
      assert.match(
        (await s.c.fails('readMemory', { memoryReference: bad, count: 4 })).message ?? '',
        /is not an address/,
        bad,
      );
    }
  });

  it('names the fields of device registers', async () => {
    const { devices } = await s.c.request<MachineResponse>('trapline/machine');
    const register = (device: string, name: string): MachineResponse['devices'][number]['registers'][number] => {
      const found = devices.find((one) => one.name === device)?.registers.find((one) => one.name === name);
      assert.ok(found, `${device} ${name}`);
      return found;
    };
    const uart = register('pl011-0', 'UARTCR');
    for (const [field, bit] of [
      ['UARTEN', 0],
      ['TXE', 8],
      ['RXE', 9],
    ] as const) {
      // prettier-ignore
      const shown = uart.fields?.find(({ name }) => name === field);
      assert.equal(shown?.value, ((Number(uart.value) >>> bit) & 1) === 1, field);
    }
    const enabled = register('pl190', 'VICINTENABLE');
    const names = enabled.fields?.map(({ name }) => Number(name)) ?? [];
    assert.equal(
      names.reduce((word, line) => (word | (1 << line)) >>> 0, 0),
      Number(enabled.value),
    );
    assert.ok(enabled.fields?.some(({ meaning }) => meaning === 'UART 0'));
    assert.equal(register('pl011-0', 'UARTIBRD').fields, undefined);
  });

  it('gives the numbers of a run at its end, once they were asked for', async () => {
    const { total } = await s.c.request<ExitsResponse>('trapline/exits');
    await s.c.request('terminate');
    const { exits, lines } = (await s.c.next('trapline/runEnded')) as unknown as RunEndedBody;
    assert.equal(exits.total, total);
    assert.equal(exits.sites.rows.length, exits.sites.total);
    assert.equal(lines.lines.reduce((sum, { count }) => sum + count, 0) + lines.elsewhere, total);
    await s.c.next('terminated');
    const names = s.c.events.map(({ event }) => event);
    assert.ok(names.indexOf('trapline/runEnded') < names.indexOf('terminated'));
  });

  it('says nothing at the end when nobody has asked', async () => {
    await s.c.request('terminate');
    await s.c.next('terminated');
    assert.ok(!s.c.events.some(({ event }) => event === 'trapline/runEnded'));
  });
});

describe('what a write invalidates', function () {
  this.timeout(30_000);

  it('leaves the stack alone unless it is another one', async () => {
    const s = await SampleSession.start({}, { supportsInvalidatedEvent: true });
    await s.runTo('sys_exit');
    await s.frames();
    await s.evaluate('$r5 = 7');
    assert.deepEqual(await s.c.next('invalidated'), { areas: ['variables'] });
    await s.frames();
    await s.evaluate('$pc = 0xc0008000');
    assert.deepEqual(await s.c.next('invalidated'), { areas: ['stacks', 'variables'] });
    await s.c.close();
  });
});
