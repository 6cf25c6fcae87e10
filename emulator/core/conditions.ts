/**
 * Conditions of breakpoints, evaluated where the guest meets them: a hit that goes on never leaves the interpreter. The
 * programs (CONDITION_* of layout.ts) are made by emulator/condition-program.ts. They read registers and memory as the guest's
 * own tables map it, whatever its rights, and change nothing that the guest could see.
 */
import { breakIndex, breaksOnPage, ramBreakIndex } from './decode';
import {
  ACTIVE,
  BREAK_CONDITIONS,
  BREAK_PASSED,
  BREAK_PASSED_COUNT,
  BREAK_SKIP,
  CONDITION_ADD,
  CONDITION_AND,
  CONDITION_CONSTANT,
  CONDITION_COUNT,
  CONDITION_CPSR,
  CONDITION_DIVIDE,
  CONDITION_DIVIDE_SIGNED,
  CONDITION_END,
  CONDITION_EQUAL,
  CONDITION_JUMP,
  CONDITION_JUMP_ZERO,
  CONDITION_LESS,
  CONDITION_LESS_SIGNED,
  CONDITION_LOAD,
  CONDITION_MULTIPLY,
  CONDITION_NOT,
  CONDITION_OR,
  CONDITION_REGISTER,
  CONDITION_REMAINDER,
  CONDITION_REMAINDER_SIGNED,
  CONDITION_SHIFT_LEFT,
  CONDITION_SHIFT_RIGHT,
  CONDITION_SHIFT_RIGHT_SIGNED,
  CONDITION_SIGNED,
  CONDITION_SPSR,
  CONDITION_SUBTRACT,
  CONDITION_SYSTEM,
  CONDITION_UNSIGNED,
  CONDITION_XOR,
  C_DACR,
  C_FCSE,
  C_SCTLR,
  C_TTBR0,
  HIT_COUNTED,
  HIT_COUNTS,
  MASK_VIEW,
  PHYS_MAP,
  RAM_BREAK_CONDITIONS,
  REGIME,
  REGIME_HOST,
  REGS,
  WALK_PA,
} from './generated/layout';
import { USE_READ, table } from './memory';
import { cpsr, spsr } from './state';
import { walk } from './walk';

/** CONDITION_STACK words. */
const STACK: u32 = <u32>memory.data(128);

/** The address of a byte in this memory by the guest's own tables, or 0 when there is no RAM. */
function byteAt(va: u32): u32 {
  const cpu = load<u32>(MASK_VIEW);
  let physical = va < 0x0200_0000 ? va | (load<u32>(cpu, C_FCSE) & 0xfe00_0000) : va;
  if (load<u32>(cpu, C_SCTLR) & 1) {
    if (walk(load<u32>(cpu, C_TTBR0), load<u32>(cpu, C_DACR), physical, true)) return 0;
    physical = load<u32>(WALK_PA);
  }
  const base = load<u32>(PHYS_MAP + ((physical >>> 12) << 2));
  return base ? base + (physical & 0xfff) : 0;
}

/** Whether the last `peek` has found all of its bytes. */
let found: bool = false;

/** Up to 4 bytes of guest memory, zero-extended. */
function peek(va: u32, size: u32): u32 {
  const entry = load<u32>(table(load<u32>(REGIME), USE_READ) + ((va >>> 12) << 2));
  if (entry && (va & 0xfff) <= 0xffc) {
    const value = load<u32>((entry - 1) ^ va);
    return size == 4 ? value : value & ((1 << (size << 3)) - 1);
  }
  let value: u32 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const at = byteAt(va + i);
    if (!at) {
      found = false;
      return 0;
    }
    value |= (<u32>load<u8>(at)) << (i << 3);
  }
  return value;
}

/** CPSR, or the SPSR of the mode, as the guest sees them. */
function status(saved: bool): u32 {
  const active = load<u32>(ACTIVE);
  store<u32>(ACTIVE, load<u32>(MASK_VIEW));
  const value = saved ? spsr() : cpsr();
  store<u32>(ACTIVE, active);
  return value;
}

/** Runs a program for a guest at `pc`: whether it stops. */
function holds(program: u32, pc: u32): bool {
  let at = program;
  let top = STACK;
  found = true;
  while (true) {
    const word = load<u32>(at);
    const argument = word >>> 8;
    at += 4;
    switch (word & 0xff) {
      case CONDITION_END:
        return load<u32>(top - 4) != 0;
      case CONDITION_CONSTANT:
        store<u32>(top, load<u32>(at));
        at += 4;
        top += 4;
        continue;
      case CONDITION_REGISTER:
        store<u32>(top, argument == 15 ? pc : load<u32>(REGS + (argument << 2)));
        top += 4;
        continue;
      case CONDITION_CPSR:
        store<u32>(top, status(false));
        top += 4;
        continue;
      case CONDITION_SPSR:
        store<u32>(top, status(true));
        top += 4;
        continue;
      case CONDITION_SYSTEM:
        store<u32>(top, load<u32>(load<u32>(MASK_VIEW) + argument));
        top += 4;
        continue;
      case CONDITION_COUNT: {
        const counter = HIT_COUNTS + (argument << 2);
        const hits = load<u32>(counter) + 1;
        store<u32>(HIT_COUNTED, 1);
        store<u32>(counter, hits);
        store<u32>(top, hits);
        top += 4;
        continue;
      }
      case CONDITION_JUMP:
        at += argument << 2;
        continue;
      case CONDITION_JUMP_ZERO:
        top -= 4;
        if (!load<u32>(top)) at += argument << 2;
        continue;
      case CONDITION_LOAD: {
        const value = peek(load<u32>(top - 4), argument);
        if (!found) return true;
        store<u32>(top - 4, value);
        continue;
      }
      case CONDITION_SIGNED:
        store<i32>(top - 4, (load<i32>(top - 4) << (32 - argument)) >> (32 - argument));
        continue;
      case CONDITION_UNSIGNED:
        store<u32>(top - 4, (load<u32>(top - 4) << (32 - argument)) >>> (32 - argument));
        continue;
      case CONDITION_NOT:
        store<u32>(top - 4, load<u32>(top - 4) == 0 ? 1 : 0);
        continue;
      default:
    }
    top -= 4;
    const right = load<u32>(top);
    const left = load<u32>(top - 4);
    let result: u32 = 0;
    switch (word & 0xff) {
      case CONDITION_ADD:
        result = left + right;
        break;
      case CONDITION_SUBTRACT:
        result = left - right;
        break;
      case CONDITION_MULTIPLY:
        result = left * right;
        break;
      case CONDITION_AND:
        result = left & right;
        break;
      case CONDITION_OR:
        result = left | right;
        break;
      case CONDITION_XOR:
        result = left ^ right;
        break;
      case CONDITION_SHIFT_LEFT:
        if (right > 31) return true;
        result = left << right;
        break;
      case CONDITION_SHIFT_RIGHT:
        if (right > 31) return true;
        result = left >>> right;
        break;
      case CONDITION_SHIFT_RIGHT_SIGNED:
        if (right > 31) return true;
        result = <u32>((<i32>left) >> (<i32>right));
        break;
      case CONDITION_DIVIDE:
        if (!right) return true;
        result = left / right;
        break;
      case CONDITION_DIVIDE_SIGNED:
        if (!right) return true;
        result = right == 0xffff_ffff ? 0 - left : <u32>(<i32>left / <i32>right);
        break;
      case CONDITION_REMAINDER:
        if (!right) return true;
        result = left % right;
        break;
      case CONDITION_REMAINDER_SIGNED:
        if (!right) return true;
        result = right == 0xffff_ffff ? 0 : <u32>(<i32>left % <i32>right);
        break;
      case CONDITION_EQUAL:
        result = left == right ? 1 : 0;
        break;
      case CONDITION_LESS:
        result = left < right ? 1 : 0;
        break;
      case CONDITION_LESS_SIGNED:
        result = <i32>left < <i32>right ? 1 : 0;
        break;
      default:
        return true;
    }
    store<u32>(top - 4, result);
  }
}

/**
 * Whether the guest stops at a breakpoint that it has met at `va` (at `host` in this memory), after `retired` instructions. It
 * goes on when every breakpoint there has a condition, and all of them are false. The caller knows that there is one.
 */
export function conditionsHold(va: u32, host: u32, retired: u64): bool {
  store<u32>(HIT_COUNTED, 0);
  // A stop there has been reported already, and is to be passed; conditions are the guest's, not the host's.
  if (load<u32>(BREAK_SKIP) == (va | 1) || load<u32>(REGIME) >= REGIME_HOST) return true;
  if (load<u32>(BREAK_PASSED) == (va | 1) && load<u64>(BREAK_PASSED_COUNT) == retired) return false;
  const virtual = breaksOnPage(va) ? breakIndex(va) : -1;
  const ram = ramBreakIndex(host);
  const first: u32 = virtual < 0 ? 0 : load<u32>(BREAK_CONDITIONS + (virtual << 2));
  const second: u32 = ram < 0 ? 0 : load<u32>(RAM_BREAK_CONDITIONS + (ram << 2));
  if ((virtual >= 0 && !first) || (ram >= 0 && !second)) return true;
  if ((first && holds(first, va)) || (second && holds(second, va))) return true;
  store<u32>(BREAK_PASSED, va | 1);
  store<u64>(BREAK_PASSED_COUNT, retired);
  return false;
}
