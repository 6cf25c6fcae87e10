/** Trapline's own requests on the sample kernel: counts that add up, logs in order, pages that fit together. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type {
  ExitLogResponse,
  ExitLogRow,
  ExitsResponse,
  MachineResponse,
  PageTablesResponse,
  TranslationResponse,
} from '../protocol.ts';
import { connect, type Connection } from './session.testing.ts';

const GUEST = fileURLToPath(new URL('../../guests/sample', import.meta.url));
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Launches the sample kernel and stops it in a function. */
async function stoppedAt(name: string, attributes: object): Promise<Connection> {
  const c = await connect();
  await c.client.initializeRequest();
  await c.request('launch', { program: GUEST, ...attributes });
  await c.next('initialized');
  await c.client.setFunctionBreakpointsRequest({ breakpoints: [{ name }] });
  await c.client.configurationDoneRequest();
  assert.equal((await c.next('stopped', 20_000)).reason, 'function breakpoint');
  return c;
}

for (const savings of ['none', 'all']) {
  describe(`statistics in a debug session, savings: ${savings}`, function () {
    this.timeout(30_000);
    let c: Connection;
    before(async () => {
      c = await stoppedAt('sys_exit', { mode: 'lpv', savings, modeSwitch: 'domains' });
    });
    after(() => c.close());

    it('has exits that add up over all pages', async () => {
      const first = await c.request<ExitsResponse>('trapline/exits');
      assert.ok(first.total > 300);
      assert.equal(sum(first.byCause.map(({ count }) => count)), first.total);
      assert.ok(sum(first.byCause.map(({ hostInstructions }) => hostInstructions)) <= first.hostInstructions);
      assert.equal(first.sites.rows.length, 50);
      assert.equal(first.statistics?.total, first.total);
      for (const list of ['sites', 'functions'] as const) {
        let exits = first.otherExits;
        let rows = 0;
        for (let start = 0; start < first[list].total; start += 13) {
          const page = (await c.request<ExitsResponse>('trapline/exits', { start, count: 13 }))[list];
          assert.ok(page.rows.length > 0 && page.rows.length <= 13);
          rows += page.rows.length;
          exits += sum(page.rows.map(({ count }) => count));
        }
        assert.deepEqual([rows, exits], [first[list].total, first.total]);
      }
      assert.ok(first.functions.rows.some((row) => row.function === 'vector_svc'));
      const sorted = await c.request<ExitsResponse>('trapline/exits', { sort: 'address', count: 1000 });
      const addresses = sorted.sites.rows.map(({ address }) => address);
      assert.deepEqual(addresses, [...addresses].sort());
    });

    it('has a log in order, forwards and from its end', async () => {
      const { total } = await c.request<ExitsResponse>('trapline/exits', { count: 0 });
      const rows: ExitLogRow[] = [];
      for (let start = 0; start < total;) {
        const page = await c.request<ExitLogResponse>('trapline/exitLog', { start, count: 97 });
        assert.deepEqual([page.total, page.oldest], [total, 0]);
        assert.ok(page.next > start);
        start = page.next;
        rows.push(...page.exits);
      }
      assert.deepEqual(
        rows.map(({ index }) => index),
        rows.map((_, i) => i),
      );
      assert.equal(rows.length, total);
      assert.ok(rows.every(({ instructions }, i) => i === 0 || instructions >= rows[i - 1].instructions));
      const newest = await c.request<ExitLogResponse>('trapline/exitLog', { count: 5 });
      assert.deepEqual(newest.exits, rows.slice(-5));
      assert.equal(newest.exits[4].cause === 'guest.svc' || newest.exits[4].symbol !== undefined, true);
      const devices = await c.request<ExitLogResponse>('trapline/exitLog', { cause: 'mmio', start: 0, count: 1000 });
      assert.deepEqual(
        devices.exits,
        rows.filter(({ cause }) => cause.startsWith('mmio.')),
      );
      assert.equal(devices.next, total);
      const some = await c.request<ExitLogResponse>('trapline/exitLog', { cause: 'mmio', start: 0, count: 3 });
      assert.deepEqual(some.exits, devices.exits.slice(0, 3));
      assert.equal(some.next, some.exits[2].index + 1);
    });

    it('translates the code that it stands at, and reads no device for it', async () => {
      const pc = (await c.client.evaluateRequest({ expression: '$pc', context: 'watch' })).body.result;
      const { address, symbol, guest, shadow, result } = await c.request<TranslationResponse>('trapline/translation', {
        address: pc,
      });
      assert.deepEqual([address, symbol, guest.steps.length], [pc, 'sys_exit', 2]);
      assert.equal(shadow?.strategy, 'domains');
      assert.deepEqual([shadow.privileged.state, result.user, result.read], ['same', false, 'direct']);
      assert.equal(shadow.user.read, false);
      const user = await c.request<TranslationResponse>('trapline/translation', { address: pc, user: true });
      assert.deepEqual(user.result, { user: true, read: 'guest-fault', write: 'guest-fault' });
    });

    it('lists page tables in pages', async () => {
      const level1 = await c.request<PageTablesResponse>('trapline/pageTables', { used: true, count: 1000 });
      assert.deepEqual([level1.level, level1.mmu, level1.total, level1.next], [1, true, 4096, undefined]);
      const kernel = level1.rows.find(({ address }) => address === '0xc0000000') ?? assert.fail('no kernel');
      assert.ok(kernel.guest && (kernel.shadow?.privileged.entries ?? 0) > 0);
      const megabyte = kernel.index;
      const level2 = await c.request<PageTablesResponse>('trapline/pageTables', { level: 2, megabyte, start: 250 });
      assert.deepEqual([level2.level, level2.total, level2.rows.length], [2, 256, 6]);
      assert.equal(level2.rows[5].address, '0xc00ff000');
      assert.ok([...level1.rows, ...level2.rows].every(({ shadow }) => shadow?.privileged.state !== 'differs'));
    });

    it('shows both CPUs and the devices', async () => {
      const all = await c.request<MachineResponse>('trapline/machine');
      assert.deepEqual([all.mode, all.running, all.memory[0].base], ['lpv', false, '0x00000000']);
      assert.match(all.virtual.status, / svc$/);
      assert.match(all.physical?.status ?? '', / usr$/);
      assert.ok(all.devices.length > 10);
      const one = await c.request<MachineResponse>('trapline/machine', { device: 'pl190' });
      assert.deepEqual(
        one.devices,
        all.devices.filter(({ name }) => name === 'pl190'),
      );
    });

    it('refuses what makes no sense, and names it', async () => {
      const cases: [string, object, RegExp][] = [
        ['trapline/exits', { sort: 'size' }, /sort must be "count" or "hostInstructions" or "address"/],
        ['trapline/exits', { count: 1e6 }, /count must be an integer from 0 to 1000/],
        ['trapline/exitLog', { start: -1 }, /start/],
        ['trapline/exitLog', { cause: 'mmio,nothing' }, /"nothing" is no cause/],
        ['trapline/translation', {}, /address must be a string/],
        ['trapline/translation', { address: 'here' }, /"here" is not an address/],
        ['trapline/translation', { address: '0', user: 1 }, /user must be true or false/],
        ['trapline/pageTables', { level: 3 }, /level must be an integer from 1 to 2/],
        ['trapline/pageTables', { level: 2 }, /megabyte must be an integer from 0 to 4095/],
        ['trapline/machine', { device: 'pl999' }, /No device "pl999".*pl011-0/],
      ];
      for (const [command, args, message] of cases) assert.match((await c.fails(command, args)).message ?? '', message);
    });

    it('tells of changes at a stop, and at most four times a second while the guest runs', async () => {
      const before = await c.request<ExitsResponse>('trapline/exits');
      await c.client.setFunctionBreakpointsRequest({ breakpoints: [] });
      await c.client.evaluateRequest({ expression: '>run spin &', context: 'repl' });
      const started = performance.now();
      await c.client.continueRequest({ threadId: 1 });
      const first = await c.next('trapline/statsChanged');
      assert.ok(first.running && (first.total ?? 0) > before.total, JSON.stringify(first));
      const running = await c.request<ExitsResponse>('trapline/exits');
      assert.ok(running.total >= (first.total ?? 0));
      await c.next('trapline/statsChanged');
      const ran = performance.now() - started;
      const events = c.events.filter(({ event }) => event === 'trapline/statsChanged').length;
      assert.ok(events <= ran / 250 + 1, `${events} events in ${ran} ms`);
      await c.client.pauseRequest({ threadId: 1 });
      await c.next('stopped');
      const last = c.events.filter(({ event }) => event === 'trapline/statsChanged').at(-1);
      const { instructions, total } = await c.request<ExitsResponse>('trapline/exits');
      assert.deepEqual(last?.body, { instructions, total, running: false });
      await c.client.stepInRequest({ threadId: 1, granularity: 'instruction' });
      await c.next('stopped');
      const stepped = c.events.filter(({ event }) => event === 'trapline/statsChanged').at(-1);
      assert.equal((stepped?.body as { instructions: number }).instructions, instructions + 1);
    });
  });
}

describe('statistics in a native debug session', function () {
  this.timeout(30_000);
  let c: Connection;
  before(async () => {
    c = await stoppedAt('sys_exit', { mode: 'native' });
  });
  after(() => c.close());

  it('says nothing to a client that has not asked', () => {
    assert.deepEqual(
      c.events.filter(({ event }) => event === 'trapline/statsChanged'),
      [],
    );
  });

  it('has no exits, but translations, tables and the machine', async () => {
    const exits = await c.request<ExitsResponse>('trapline/exits');
    assert.deepEqual([exits.mode, exits.total, exits.byCause, exits.sites.rows], ['native', 0, [], []]);
    assert.ok(exits.instructions > 0 && !('statistics' in exits));
    assert.deepEqual(await c.request('trapline/exitLog'), { total: 0, oldest: 0, next: 0, exits: [] });
    const translation = await c.request<TranslationResponse>('trapline/translation', { address: '0xc0008000' });
    assert.deepEqual([translation.result.read, 'shadow' in translation], ['direct', false]);
    const tables = await c.request<PageTablesResponse>('trapline/pageTables', { used: true });
    assert.ok(tables.rows.length > 0 && tables.rows.every((row) => row.guest && !row.shadow));
    assert.equal('physical' in (await c.request<MachineResponse>('trapline/machine')), false);
  });
});
