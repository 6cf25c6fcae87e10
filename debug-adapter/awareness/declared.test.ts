/** Kernels that declare their tasks: what a declaration may say, and what becomes of a wrong one. */
import assert from 'node:assert/strict';
import { InputError } from '../../formats/input-error.ts';
import { Awareness } from './awareness.ts';
import { DeclaredKernel } from './declared.ts';
import { checkAwareness, type AwarenessDescription } from './description.ts';
import { compileKernel, type KernelImage } from './kernels.testing.ts';

const SOURCE = `
enum state { READY = 1, WAITING = 2 };
struct thread { struct thread *next; unsigned short pid, process; enum state state; const char *name;
  struct { unsigned r[3]; void *sp; } saved; unsigned *table; };
unsigned table[4096];
extern struct thread first, second, third;
struct thread first = { &second, 1, 1, READY, "first", { { 1, 2, 3 }, (void *)0x100 }, table };
struct thread second = { &third, 2, 1, WAITING, "second" };
struct thread third = { 0, 9, 9, 7, "third" };
struct thread *running = &second, *head = &first;
char text[16] = "plain";
char ring[8] = { 'd', 'e', 'f', 0, 0, 'a', 'b', 'c' };
unsigned written = 8 + 5, counter = 42;
void _start(void) {}
`;

const DESCRIPTION: AwarenessDescription = {
  current: 'running',
  first: 'head',
  next: 'task->next',
  pid: 'task->pid',
  name: 'task->name',
  state: 'task->state',
};

describe('kernels that declare their tasks', function () {
  this.timeout(60_000);
  let image: KernelImage;

  before(function () {
    const compiled = compileKernel(SOURCE);
    if (!compiled) return this.skip();
    image = compiled;
  });

  const kernel = (more: Partial<AwarenessDescription> = {}): DeclaredKernel =>
    new DeclaredKernel('Test', { ...DESCRIPTION, ...more }, image);
  const tasks = (more: Partial<AwarenessDescription> = {}): { rows: string[]; problem: string | undefined } => {
    const { tasks: list, problem } = new Awareness(kernel(more), () => 0).tasks;
    const rows = list.map((task) => `${task.pid} ${task.tgid} ${task.name} ${task.state}${task.isCurrent ? ' *' : ''}`);
    return { rows, problem };
  };

  it('lists what the expressions give, with words for states', () => {
    assert.deepEqual(tasks(), {
      rows: ['1 1 first READY', '2 2 second WAITING *', '9 9 third (READY | WAITING | unknown: 0x4)'],
      problem: undefined,
    });
    const { rows } = tasks({
      process: 'task->process',
      where: 'task->pid != 1',
      states: { WAITING: 'waits', 7: 'new' },
    });
    assert.deepEqual(rows, ['2 1 second waits *', '9 9 third new']);
  });

  it('gives the registers and tables that are declared', () => {
    const declared = kernel({
      registers: { r4: 'task->saved.r[0]', r5: 'task->saved.r[1] + 8', sp: 'task->saved.sp', pc: 'task->pid * 4' },
      table: 'task->table',
    });
    const awareness = new Awareness(declared, () => 0);
    const [first, second] = awareness.tasks.tasks;
    const registers = declared.savedRegisters(first.address);
    assert.deepEqual([registers[4], registers[5], registers[13], registers[15]], [1, 10, 0x100, 4]);
    assert.equal(registers[6], undefined);
    assert.equal(
      declared.spaceOf(first.address)?.table,
      (image.info.elf.symbols.find('table')?.address ?? 0) - image.start,
    );
    assert.equal(declared.spaceOf(second.address), undefined);
  });

  it('prints logs, straight and round, and what is to be shown', () => {
    const run = (more: Partial<AwarenessDescription>, name: string): string | undefined =>
      kernel(more)
        .commands.find((command) => command.name === name)
        ?.run();
    assert.equal(run({ log: { text: 'text' } }, 'dmesg'), 'plain');
    assert.equal(run({ log: { text: 'ring', next: '3' } }, 'dmesg'), 'def');
    assert.equal(run({ log: { text: 'ring', next: 'written', size: 'sizeof ring' } }, 'dmesg'), 'abcdef');
    assert.equal(run({ show: { counter: 'counter' } }, 'counter'), '42');
    assert.equal(run({}, 'dmesg'), undefined);
    assert.throws(() => run({ log: { text: 'ring', next: '1 << 30' } }, 'dmesg'), /the log claims 1073741824 bytes/);
  });

  it('says which expression is wrong, and ends a list that does not', () => {
    assert.match(
      tasks({ next: 'task->nxt' }).problem ?? '',
      /"next" of the awareness, task->nxt: there is no member nxt/,
    );
    assert.match(tasks({ next: 'head' }).problem ?? '', /runs in a circle/);
    assert.match(tasks({ next: 'task + 1' }).problem ?? '', /cannot be read|circle|more than/);
    assert.deepEqual(tasks({ current: 'nobody' }).rows, []);
    assert.deepEqual(tasks({ current: '0' }), { rows: [], problem: undefined });
    // The running task is listed although the list does not lead to it.
    assert.deepEqual(tasks({ first: '0' }).rows, ['2 2 second WAITING *']);
  });

  it('refuses a description of another shape, and names the key', () => {
    const refused = (value: unknown, pattern: RegExp): void => {
      assert.throws(
        () => checkAwareness(value, 'guest.json'),
        (error: unknown) => error instanceof InputError && pattern.test(error.message),
      );
    };
    assert.equal(checkAwareness(DESCRIPTION), DESCRIPTION);
    refused('tasks', /an object of C expressions is expected/);
    refused({ current: 'x' }, /"first" is missing/);
    refused({ ...DESCRIPTION, nxt: '1' }, /awareness\.nxt/);
    refused({ ...DESCRIPTION, pid: 7 }, /"pid" must be a C expression/);
    refused({ ...DESCRIPTION, states: ['a'] }, /"states" must be an object of strings/);
    refused({ ...DESCRIPTION, registers: { r16: '0' } }, /r16/);
    refused({ ...DESCRIPTION, log: { next: '0' } }, /"log" needs "text"/);
  });
});
