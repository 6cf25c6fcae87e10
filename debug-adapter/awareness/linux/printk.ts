/** The kernel log of Linux, read from its buffer in memory, as dmesg prints it. */
import { InputError } from '../../../formats/input-error.ts';
import { printable, type KernelMemory } from '../kernel-memory.ts';

/** A buffer that claims to be larger is taken for damage. */
const LARGEST_BITS = 26;
const LARGEST = 1 << LARGEST_BITS;

interface LogRecord {
  /** Since the start, nanoseconds. */
  readonly time: bigint;
  readonly text: string;
}

/** The log, a line a record; those of several lines have the time on each. */
export function kernelLog(kernel: KernelMemory): string {
  const records = kernel.symbol('prb') === undefined ? sequentialRecords(kernel) : ringRecords(kernel);
  const lines: string[] = [];
  for (const { time, text } of records) {
    for (const line of text.split('\n')) lines.push(`[${timeText(time)}] ${line}`);
  }
  return lines.join('\n');
}

function timeText(nanoseconds: bigint): string {
  const microseconds = String((nanoseconds / 1000n) % 1_000_000n).padStart(6, '0');
  return `${String(nanoseconds / 1_000_000_000n).padStart(5)}.${microseconds}`;
}

function time(kernel: KernelMemory, address: number): bigint {
  return (BigInt(kernel.word(address + 4)) << 32n) | BigInt(kernel.word(address));
}

/** How far a descriptor is: `enum desc_state` in the two highest bits of its state. */
const COMMITTED = 1;
const FINALIZED = 2;
const STATE_SHIFT = 30;
const ID_MASK = 0x3fff_ffff;

/** From 5.10 on: a ring of descriptors, with texts in a ring of data. */
function* ringRecords(kernel: KernelMemory): Generator<LogRecord> {
  const ring = kernel.word(kernel.requiredSymbol('prb'));
  const member = (path: string): number => kernel.member(ring, 'printk_ringbuffer', path);
  const countBits = checkedBits(member('desc_ring.count_bits'));
  const sizeBits = checkedBits(member('text_data_ring.size_bits'));
  const [descriptors, infos, data] = ['desc_ring.descs', 'desc_ring.infos', 'text_data_ring.data'].map(member);
  const head = member('desc_ring.head_id');
  const [descriptorSize, infoSize] = [kernel.size('prb_desc'), kernel.size('printk_info')];
  const bounds = 2 ** countBits;
  let id = member('desc_ring.tail_id');
  for (let i = 0; i < bounds; i++) {
    const index = id % bounds;
    const descriptor = descriptors + index * descriptorSize;
    const state = kernel.member(descriptor, 'prb_desc', 'state_var');
    const how = state >>> STATE_SHIFT;
    if ((state & ID_MASK) === (id & ID_MASK) && (how === COMMITTED || how === FINALIZED)) {
      const info = infos + index * infoSize;
      const length = kernel.number(info, 'printk_info', 'text_len');
      const begin = kernel.member(descriptor, 'prb_desc', 'text_blk_lpos.begin');
      const next = kernel.member(descriptor, 'prb_desc', 'text_blk_lpos.next');
      yield {
        time: time(kernel, info + kernel.offset('printk_info', 'ts_nsec')),
        text: blockText(kernel, { data, sizeBits, begin, next, length }),
      };
    }
    if (id === head) return;
    id = (id + 1) & ID_MASK;
  }
}

interface Block {
  readonly data: number;
  readonly sizeBits: number;
  readonly begin: number;
  readonly next: number;
  readonly length: number;
}

/** The text of a block. One that would not fit before the end of the ring is at its start. */
function blockText(kernel: KernelMemory, { data, sizeBits, begin, next, length }: Block): string {
  // An odd position says that there is no data.
  if (begin & 1) return '';
  const size = 2 ** sizeBits;
  const from = begin % size;
  const to = next % size;
  const isWrapped = begin >>> sizeBits !== next >>> sizeBits && to !== 0;
  const start = isWrapped ? 0 : from;
  const end = isWrapped ? to : to === 0 ? size : to;
  // The block begins with the number of its descriptor.
  const room = Math.max(0, end - start - 4);
  return printable(kernel.bytes(data + start + 4, Math.min(length, room)));
}

function checkedBits(bits: number): number {
  if (bits === 0 || bits > LARGEST_BITS) throw new InputError(`the log buffer claims 2^${bits} entries`);
  return bits;
}

/** Before 5.10: records one behind the other in a ring; one of length 0 says that the next is at the start. */
function* sequentialRecords(kernel: KernelMemory): Generator<LogRecord> {
  const record = kernel.structure('printk_log') ? 'printk_log' : 'log';
  const buffer = kernel.word(kernel.requiredSymbol('log_buf'));
  const size = kernel.word(kernel.requiredSymbol('log_buf_len'));
  if (size > LARGEST) throw new InputError(`the log buffer claims ${size} bytes`);
  const end = kernel.word(kernel.requiredSymbol('log_next_idx'));
  const header = kernel.size(record);
  let index = kernel.word(kernel.requiredSymbol('log_first_idx'));
  for (let read = 0; index !== end && read < size;) {
    if (index + header > size) throw new InputError('the log buffer is damaged');
    const at = buffer + index;
    const length = kernel.number(at, record, 'len');
    if (length === 0) {
      if (index === 0) throw new InputError('the log buffer is damaged');
      index = 0;
      continue;
    }
    const textLength = Math.min(kernel.number(at, record, 'text_len'), length);
    yield {
      time: time(kernel, at + kernel.offset(record, 'ts_nsec')),
      text: printable(kernel.bytes(at + header, textLength)),
    };
    index += length;
    read += length;
  }
}
