/**
 * Agent expressions: the bytecode in which GDB sends the conditions of breakpoints, so that the guest goes on without a
 * message to the client where they do not hold ("Debugging with GDB", appendix F). A stack of 64-bit integers; no
 * tracing, no floating point, as GDB sends neither for conditions on this machine.
 */

/** What an expression can see of the guest. */
export interface AgentContext {
  /** The register of a GDB number; undefined where there is none. */
  register(number: number): number | undefined;
  /** Bytes of memory; fewer when they cannot all be read. */
  memory(address: number, length: number): Uint8Array;
}

/** A checked expression. */
export interface AgentExpression {
  readonly code: Uint8Array;
}

const LONGEST = 4096;
const DEEPEST = 256;
/** A loop in an expression ends here. */
const MOST_STEPS = 10_000;

const OP = {
  add: 0x02,
  sub: 0x03,
  mul: 0x04,
  divSigned: 0x05,
  divUnsigned: 0x06,
  remSigned: 0x07,
  remUnsigned: 0x08,
  lsh: 0x09,
  rshSigned: 0x0a,
  rshUnsigned: 0x0b,
  logNot: 0x0e,
  bitAnd: 0x0f,
  bitOr: 0x10,
  bitXor: 0x11,
  bitNot: 0x12,
  equal: 0x13,
  lessSigned: 0x14,
  lessUnsigned: 0x15,
  ext: 0x16,
  ref8: 0x17,
  ref16: 0x18,
  ref32: 0x19,
  ref64: 0x1a,
  ifGoto: 0x20,
  goto: 0x21,
  const8: 0x22,
  const16: 0x23,
  const32: 0x24,
  const64: 0x25,
  reg: 0x26,
  end: 0x27,
  dup: 0x28,
  pop: 0x29,
  zeroExt: 0x2a,
  swap: 0x2b,
  pick: 0x32,
  rot: 0x33,
} as const;

/** Bytes of operand behind each bytecode. */
const OPERANDS = new Map<number, number>(Object.values(OP).map((op) => [op, 0]));
for (const [op, length] of [
  [OP.ext, 1],
  [OP.zeroExt, 1],
  [OP.pick, 1],
  [OP.const8, 1],
  [OP.const16, 2],
  [OP.const32, 4],
  [OP.const64, 8],
  [OP.reg, 2],
  [OP.ifGoto, 2],
  [OP.goto, 2],
] as const)
  OPERANDS.set(op, length);

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);

/** Operations on two values, the upper of the stack last. Undefined: there is no result. */
const BINARY = new Map<number, (a: bigint, b: bigint) => bigint | boolean | undefined>([
  [OP.add, (a, b) => a + b],
  [OP.sub, (a, b) => a - b],
  [OP.mul, (a, b) => a * b],
  [OP.divSigned, (a, b) => (b === 0n ? undefined : a / b)],
  [OP.divUnsigned, (a, b) => (b === 0n ? undefined : unsigned(a) / unsigned(b))],
  [OP.remSigned, (a, b) => (b === 0n ? undefined : a % b)],
  [OP.remUnsigned, (a, b) => (b === 0n ? undefined : unsigned(a) % unsigned(b))],
  [OP.lsh, (a, b) => (unsigned(b) > 63n ? 0n : a << b)],
  [OP.rshSigned, (a, b) => a >> (unsigned(b) > 63n ? 63n : b)],
  [OP.rshUnsigned, (a, b) => (unsigned(b) > 63n ? 0n : unsigned(a) >> b)],
  [OP.bitAnd, (a, b) => a & b],
  [OP.bitOr, (a, b) => a | b],
  [OP.bitXor, (a, b) => a ^ b],
  [OP.equal, (a, b) => a === b],
  [OP.lessSigned, (a, b) => a < b],
  [OP.lessUnsigned, (a, b) => unsigned(a) < unsigned(b)],
]);

/** Bytes read from memory by a bytecode. */
const REFERENCES = new Map<number, number>([
  [OP.ref8, 1],
  [OP.ref16, 2],
  [OP.ref32, 4],
  [OP.ref64, 8],
]);

/** Checks an expression: known bytecodes, whole operands, jumps to bytecodes. Undefined when it is none. */
export function parseAgentExpression(code: Uint8Array): AgentExpression | undefined {
  if (code.length === 0 || code.length > LONGEST) return undefined;
  const starts = new Set<number>();
  const targets: number[] = [];
  for (let at = 0; at < code.length;) {
    const length = OPERANDS.get(code[at]);
    if (length === undefined || at + length >= code.length + (length === 0 ? 1 : 0)) return undefined;
    starts.add(at);
    if (code[at] === OP.ifGoto || code[at] === OP.goto) targets.push((code[at + 1] << 8) | code[at + 2]);
    at += 1 + length;
  }
  return targets.every((target) => starts.has(target)) ? { code } : undefined;
}

/** The value of an expression; undefined when it has none: memory that cannot be read, a division by 0, no end. */
export function evaluateAgentExpression({ code }: AgentExpression, context: AgentContext): bigint | undefined {
  const stack: bigint[] = [];
  for (let at = 0, steps = 0; at < code.length && steps < MOST_STEPS; steps++) {
    const op = code[at];
    const length = OPERANDS.get(op) ?? 0;
    const operand = at + 1;
    at += 1 + length;
    if (op === OP.end) return stack.pop();
    if (op === OP.goto || op === OP.ifGoto) {
      const condition = op === OP.goto ? 1n : stack.pop();
      if (condition === undefined) return undefined;
      if (condition !== 0n) at = (code[operand] << 8) | code[operand + 1];
      continue;
    }
    if (!execute(op, bigEndian(code, operand, length), stack, context) || stack.length > DEEPEST) return undefined;
  }
  return undefined;
}

/** Executes a bytecode that does not jump; false when it cannot be. */
function execute(op: number, operand: bigint, stack: bigint[], context: AgentContext): boolean {
  const push = (value: bigint | boolean | undefined): boolean => {
    if (value === undefined) return false;
    stack.push(signed(BigInt(value)));
    return true;
  };
  if (op >= OP.const8 && op <= OP.const64) return push(operand);
  if (op === OP.reg) {
    const value = context.register(Number(operand));
    return push(value === undefined ? undefined : BigInt(value >>> 0));
  }
  if (op === OP.pick) return push(stack.at(-1 - Number(operand)));
  const top = stack.pop();
  if (top === undefined) return false;
  const binary = BINARY.get(op);
  if (binary) {
    const under = stack.pop();
    return push(under === undefined ? undefined : binary(under, top));
  }
  const reference = REFERENCES.get(op);
  if (reference !== undefined) return push(read(context, top, reference));
  switch (op) {
    case OP.logNot:
      return push(top === 0n);
    case OP.bitNot:
      return push(~top);
    case OP.ext:
      return push(BigInt.asIntN(Number(operand), top));
    case OP.zeroExt:
      return push(BigInt.asUintN(Number(operand), top));
    case OP.dup:
      return push(top) && push(top);
    case OP.pop:
      return true;
    case OP.swap:
    case OP.rot:
      return rotate(stack, top, op === OP.swap ? 1 : 2);
    default:
      return false;
  }
}

/** Puts the top under the `count` values below it. */
function rotate(stack: bigint[], top: bigint, count: number): boolean {
  if (stack.length < count) return false;
  stack.splice(stack.length - count, 0, top);
  return true;
}

function read(context: AgentContext, address: bigint, length: number): bigint | undefined {
  const bytes = context.memory(Number(BigInt.asUintN(32, address)), length);
  return bytes.length < length ? undefined : bigEndian(bytes.slice().reverse(), 0, length);
}

function bigEndian(bytes: Uint8Array, at: number, length: number): bigint {
  let value = 0n;
  for (let i = 0; i < length; i++) value = (value << 8n) | BigInt(bytes[at + i]);
  return value;
}
