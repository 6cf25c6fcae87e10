import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'fflate';
import { ElfFile } from '../formats/elf.ts';
import { DebugFrame } from './debug-frame.ts';
import { ExceptionIndex } from './exidx.ts';
import { LR, PC, SP, type FrameRegisters, type UnwindResult } from './frame.ts';
import { unwindByPrologue } from './prologue.ts';
import { SymbolIndex } from './symbol-index.ts';
import { Unwinder } from './unwinder.ts';

const STACK = 0xc700_0000;

/** Registers with recognisable values. */
function registersAt(pc: number): number[] {
  const registers = Array.from({ length: 16 }, (_, id) => 0x1000_0000 + id);
  registers[SP] = STACK;
  registers[LR] = 0xc000_9000;
  registers[PC] = pc;
  return registers;
}

/** A stack in which each word tells its address. */
const stackWord = (address: number): number => (address ^ 0x5a5a_0000) >>> 0;

/** The part of a result that a call preserves. */
function essence(result: UnwindResult): unknown {
  if (result.kind !== 'caller') return result.kind;
  const { registers } = result;
  return [4, 5, 6, 7, 8, 9, 10, 11, SP, PC].map((id) => registers[id]);
}

/** A kernel built with debug information; `npm run guest:linux` leaves one here. */
const WITH_DEBUG_INFORMATION = new URL('../guests/linux/build/out/vmlinux', import.meta.url);

/** Every `bl` of the kernel's text and the function that it is in. */
function callsOf(elf: ElfFile, symbols: SymbolIndex): { address: number; start: number }[] {
  const calls: { address: number; start: number }[] = [];
  const text = elf.section('.text');
  assert.ok(text);
  const code = elf.sectionBytes(text);
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (let offset = 0; offset + 4 <= code.length; offset += 4) {
    if (view.getUint32(offset, true) >>> 24 !== 0xeb) continue;
    const address = text.address + offset;
    const symbol = symbols.at(address);
    if (symbol && symbols.kind(address) === 'a') calls.push({ address, start: symbol.address });
  }
  return calls;
}

describe('unwinding the Linux kernel', function () {
  this.timeout(20_000);
  let elf: ElfFile;
  let symbols: SymbolIndex;
  let calls: { address: number; start: number }[];

  before(() => {
    const bytes = gunzipSync(readFileSync(new URL('../guests/linux/vmlinux.gz', import.meta.url)));
    elf = new ElfFile(bytes, 'vmlinux');
    symbols = new SymbolIndex([elf]);
    calls = callsOf(elf, symbols);
  });

  const word = (address: number): number | undefined => {
    const section = elf.sectionAt(address);
    if (!section) return stackWord(address);
    const bytes = elf.sectionBytes(section);
    const offset = address - section.address;
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true);
  };

  it('gives the same caller by call frame information and by the exception tables at every call', function () {
    if (!existsSync(WITH_DEBUG_INFORMATION)) return this.skip();
    const full = new ElfFile(readFileSync(WITH_DEBUG_INFORMATION), 'vmlinux');
    const frame = DebugFrame.of(full);
    const index = ExceptionIndex.of(full);
    assert.ok(frame && index);
    let compared = 0;
    const different: string[] = [];
    for (const { address, start } of callsOf(full, new SymbolIndex([full]))) {
      const registers: FrameRegisters = registersAt(address);
      const byFrame = essence(frame.unwind(registers, address, stackWord));
      const byIndex = essence(index.unwind(registers, address, stackWord, { start }));
      if (byFrame === 'unknown' || byIndex === 'unknown' || byIndex === 'end') continue;
      compared++;
      if (JSON.stringify(byFrame) !== JSON.stringify(byIndex)) {
        different.push(`${symbols.describe(address)}: ${JSON.stringify(byFrame)} ${JSON.stringify(byIndex)}`);
      }
    }
    assert.ok(compared > 20_000, `${compared} compared`);
    assert.deepEqual(different.slice(0, 10), [], `${different.length} of ${compared} differ`);
  });

  it('finds the same caller from the code alone, in nearly every function', () => {
    const index = ExceptionIndex.of(elf);
    assert.ok(index);
    let same = 0;
    let compared = 0;
    const different: string[] = [];
    for (const { address, start } of calls) {
      const registers = registersAt(address);
      const expected = index.unwind(registers, address, stackWord, { start });
      if (expected.kind !== 'caller') continue;
      compared++;
      const result = unwindByPrologue(registers, start, address, word);
      if (JSON.stringify(essence(result)) === JSON.stringify(essence(expected))) same++;
      else different.push(symbols.describe(address) ?? '');
    }
    assert.ok(same / compared > 0.98, `${same} of ${compared}; ${different.slice(0, 10).join(', ')}`);
  });

  it('names the caller at the first instruction of a function', () => {
    const start = symbols.find('start_kernel')?.address ?? 0;
    const back = symbols.find('rest_init')?.address ?? 0;
    const registers = registersAt(start);
    registers[LR] = back + 8;
    const frames = new Unwinder([elf], symbols).frames(registers, false, word, 2);
    assert.deepEqual(
      frames.map(({ lookup }) => symbols.describe(lookup)),
      ['start_kernel', 'rest_init+0x7'],
    );
  });

  it('suggests the name that was meant', () => {
    assert.equal(symbols.find('start_kernl'), undefined);
    assert.equal(symbols.suggest('start_kernl'), 'start_kernel');
  });
});

describe('unwinding the sample kernel', () => {
  it('takes the PC of what an exception has interrupted as it is', () => {
    const elf = new ElfFile(readFileSync(new URL('../guests/sample/kernel.elf', import.meta.url)), 'kernel.elf');
    const symbols = new SymbolIndex([elf]);
    const entry = symbols.find('vector_data_abort')?.address ?? 0;
    const interrupted = symbols.find('take_samples')?.address ?? 0;
    // The trap frame at SP: r0 to r12, SP, LR, PC.
    const saved = new Map([
      [STACK + 4 * SP, STACK + 0x100],
      [STACK + 4 * LR, symbols.find('monitor')?.address ?? 0],
      [STACK + 4 * PC, interrupted],
    ]);
    const read = (address: number): number => saved.get(address) ?? stackWord(address);
    const [, caller] = new Unwinder([elf], symbols).frames(registersAt(entry + 8), false, read, 2);
    assert.deepEqual([caller.pc, caller.lookup], [interrupted, interrupted]);
    assert.deepEqual([caller.registers[SP], caller.registers[0]], [STACK + 0x100, stackWord(STACK)]);
  });
});
