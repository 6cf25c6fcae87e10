/** A kernel that declares its tasks itself (`description.ts`). */
import { REGISTER, type RegisterName } from '../../emulator/registers.ts';
import { InputError } from '../../formats/input-error.ts';
import { compileExpression, isTrue, type Compiled } from '../../symbols/c-expression/compile.ts';
import { formatValue } from '../../symbols/c-expression/format.ts';
import { addressOf, fromInteger, toInteger, type Target, type Value } from '../../symbols/c-expression/value.ts';
import { resolved, VOID, type DebugType } from '../../symbols/dwarf/types.ts';
import { PC, type FrameRegisters } from '../../symbols/frame.ts';
import { isRegisterName } from '../target.ts';
import type { GuestModule, KernelCommand, KernelModel, TaskFacts, TaskSpace } from './awareness.ts';
import type { AwarenessDescription } from './description.ts';
import { KernelMemory, printable, type KernelAccess } from './kernel-memory.ts';

const LONGEST_TEXT = 256;
/** A log that claims to be larger is taken for damage. */
const LARGEST_LOG = 0x100_0000;
const END = 0x1_0000_0000;

export class DeclaredKernel implements KernelModel {
  readonly name: string;
  readonly commands: readonly KernelCommand[];
  private readonly description: AwarenessDescription;
  private readonly kernel: KernelMemory;
  private readonly target: Target;
  private readonly compiled = new Map<string, Compiled>();
  /** What `task` stands for. */
  private task: Value;
  private taskType: DebugType = VOID;

  constructor(name: string, description: AwarenessDescription, access: KernelAccess) {
    this.name = name;
    this.description = description;
    this.kernel = new KernelMemory(access);
    this.target = {
      littleEndian: true,
      readMemory: (address, size) => access.memory(address, size),
      readRegister: (register) => (isRegisterName(register) ? access.register(register) : undefined),
    };
    this.task = fromInteger(0n, VOID, this.target);
    const shown = Object.entries(description.show ?? {});
    this.commands = [
      ...(description.log ? [{ name: 'dmesg', help: 'the kernel log', run: () => this.log() }] : []),
      ...shown.map(([command, text]) => ({
        name: command,
        help: text,
        run: () => this.shown(this.evaluate(`show.${command}`, text)),
      })),
    ];
  }

  currentTask(): number | undefined {
    const address = this.pointer('current', this.description.current);
    return address === 0 ? undefined : address;
  }

  *tasks(): Generator<number> {
    const { first, next, where } = this.description;
    for (let task = this.pointer('first', first); task !== 0;) {
      this.bind(task);
      if (where === undefined || isTrue(this.evaluate('where', where), this.target)) yield task;
      this.bind(task);
      task = this.pointer('next', next);
    }
  }

  describe(task: number): TaskFacts {
    const { pid, process, name, state } = this.description;
    this.bind(task);
    const number = (key: string, text: string): number => Number(BigInt.asIntN(32, this.integer(key, text)));
    const own = number('pid', pid);
    return {
      pid: own,
      tgid: process === undefined ? own : number('process', process),
      name: this.text(this.evaluate('name', name)),
      state: this.stateOf(this.evaluate('state', state)),
    };
  }

  savedRegisters(task: number): FrameRegisters {
    this.bind(task);
    const registers: (number | undefined)[] = Array.from({ length: PC + 1 }, () => undefined);
    for (const [name, text] of Object.entries(this.description.registers ?? {})) {
      const value = this.integer(`registers.${name}`, text);
      registers[REGISTER[name as RegisterName]] = Number(BigInt.asUintN(32, value));
    }
    return registers;
  }

  /** The stack of such a task goes on in its program as far as the kernel's frame information tells how. */
  userRegisters(): undefined {
    return undefined;
  }

  spaceOf(task: number): TaskSpace | undefined {
    const { table: text } = this.description;
    if (text === undefined) return undefined;
    this.bind(task);
    const address = this.pointer('table', text, false);
    if (address === 0) return undefined;
    const table = this.kernel.access.physical(address);
    if (table === undefined) throw new InputError('the translation table of the task cannot be read');
    return { table, end: END };
  }

  modules(): readonly GuestModule[] {
    return [];
  }

  private bind(task: number): void {
    this.task = fromInteger(BigInt(task), this.taskType, this.target);
  }

  /** A pointer; that to a task gives `task` its type. */
  private pointer(key: string, text: string, isTask = true): number {
    const value = this.evaluate(key, text);
    if (isTask && resolved(value.type).kind === 'pointer') this.taskType = value.type;
    return Number(BigInt.asUintN(32, toInteger(value, this.target)));
  }

  private integer(key: string, text: string): bigint {
    return toInteger(this.evaluate(key, text), this.target);
  }

  private evaluate(key: string, text: string): Value {
    try {
      let compiled = this.compiled.get(key);
      if (!compiled) {
        const names = new Map([['task', () => this.task]]);
        compiled = compileExpression(text, this.kernel.access.info, { names });
        this.compiled.set(key, compiled);
      }
      return compiled({ target: this.target });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`"${key}" of the awareness, ${text}: ${error.message.replace(/\.$/, '')}`);
    }
  }

  private stateOf(value: Value): string {
    const text = this.shown(value);
    const { states = {} } = this.description;
    if (Object.hasOwn(states, text)) return states[text];
    const number = String(toInteger(value, this.target));
    return Object.hasOwn(states, number) ? states[number] : text;
  }

  private shown(value: Value): string {
    return formatValue(value, { info: this.kernel.access.info, target: this.target });
  }

  /** Text in an array of characters, or where a pointer points to. */
  private text(value: Value): string {
    const type = resolved(value.type);
    if (type.kind === 'array') return this.kernel.text(addressOf(value), Math.min(type.size ?? 0, LONGEST_TEXT));
    return this.kernel.text(Number(BigInt.asUintN(32, toInteger(value, this.target))), LONGEST_TEXT);
  }

  private log(): string {
    const { text = '', next, size } = this.description.log ?? {};
    const number = (key: string, expression: string): number => Number(this.integer(`log.${key}`, expression));
    const start = this.pointer('log.text', text, false);
    if (next === undefined) return this.kernel.text(start, LARGEST_LOG);
    const end = number('next', next);
    if (size === undefined) return printable(this.kernel.bytes(start, checked(end)));
    const room = checked(number('size', size));
    const bytes = this.kernel.bytes(start, room);
    const at = room === 0 ? 0 : ((end % room) + room) % room;
    const ordered = Uint8Array.from([...bytes.subarray(at), ...bytes.subarray(0, at)]);
    // What has not been written yet is zero.
    return printable(ordered.filter((byte) => byte !== 0));
  }
}

function checked(size: number): number {
  if (size < 0 || size > LARGEST_LOG) throw new InputError(`the log claims ${size} bytes`);
  return size;
}
