/** `scopes`, `variables` and `setVariable`: the registers of a frame, by group, status registers field by field. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { CPSR, MODE, modeName, type RegisterName } from '../../emulator/registers.ts';
import { formatPsr, hex32, isRegisterName, REGISTER_GROUPS, writeRegister } from '../target.ts';
import { formatAddress } from './address.ts';
import { notWritable, unknownReference, unknownVariable } from './errors.ts';
import type { Guest } from './guest.ts';
import { STATUS_BITS } from './register-names.ts';
import type { ShownFrame, Stack } from './stack.ts';

/** Scopes; a variables reference is `frame * 16 + scope`, so it needs no table and dies with its frame. */
const SCOPE = { core: 1, banked: 2, status: 3, system: 4, cpsr: 5, spsr: 6 } as const;
const PER_FRAME = 16;

const CORE: readonly RegisterName[] = [...REGISTER_GROUPS[0].registers, 'cpsr'];
const BANKED = REGISTER_GROUPS.filter(({ name }) => name.endsWith('bank')).flatMap(({ registers }) => registers);
const SYSTEM = REGISTER_GROUPS[REGISTER_GROUPS.length - 1].registers;

export class RegistersScope {
  private readonly guest: Guest;
  private readonly stack: Stack;

  constructor(guest: Guest, stack: Stack) {
    this.guest = guest;
    this.stack = stack;
  }

  /** `scopes`. */
  scopes(frameId: number): DebugProtocol.Scope[] {
    const { thread } = this.stack.frame(frameId);
    const index = Math.max(0, frameId - 1);
    const scope = (name: string, id: number, count: number): DebugProtocol.Scope => ({
      name,
      presentationHint: 'registers',
      variablesReference: index * PER_FRAME + id,
      namedVariables: count,
      expensive: false,
    });
    const core = scope('Core registers', SCOPE.core, CORE.length);
    // The modes and their banks are the processor's; a task that does not run has none.
    if (!thread.isRunning) return [core];
    return [
      core,
      scope('Banked registers', SCOPE.banked, BANKED.length),
      scope('Status', SCOPE.status, 2),
      scope('System control', SCOPE.system, SYSTEM.length),
    ];
  }

  /** `variables`. */
  variables(reference: number): DebugProtocol.Variable[] {
    const { scope, shown, index } = this.locate(reference);
    switch (scope) {
      case SCOPE.core:
        return CORE.map((name) => this.core(name, shown));
      case SCOPE.banked:
        return BANKED.map((name) => this.register(name));
      case SCOPE.system:
        return SYSTEM.map((name) => this.register(name));
      case SCOPE.status:
        return [this.status('cpsr', index, SCOPE.cpsr), this.status('spsr', index, SCOPE.spsr)];
      case SCOPE.cpsr:
        return this.fields('cpsr');
      case SCOPE.spsr:
        return this.fields('spsr');
      default:
        throw unknownReference(reference);
    }
  }

  /** `setVariable`: `evaluate` turns the text of a value into a number. Returns the value as it is afterwards. */
  set(reference: number, name: string, text: string, evaluate: (text: string) => number): string {
    const { scope, shown } = this.locate(reference);
    if (scope === SCOPE.cpsr || scope === SCOPE.spsr) {
      const register = scope === SCOPE.cpsr ? 'cpsr' : 'spsr';
      writeRegister(this.guest.machine, register, this.withField(register, name, text, evaluate));
      return this.fields(register).find((field) => field.name === name)?.value ?? text;
    }
    const known = this.variables(reference).some((variable) => variable.name === name);
    if (!known || !isRegisterName(name)) throw unknownVariable(name);
    if (scope === SCOPE.core && !shown.isLive) throw notWritable(name, 'only the innermost frame is in the registers');
    if (name === 'spsr' && !this.hasSpsr) throw notWritable(name, 'the current mode has no SPSR');
    writeRegister(this.guest.machine, name, evaluate(text));
    return hex32(this.guest.read(name));
  }

  /** The reference under which the fields of a status register are shown. */
  fieldsReference(name: 'cpsr' | 'spsr'): number {
    return SCOPE[name];
  }

  private get hasSpsr(): boolean {
    const mode = this.guest.read('cpsr') & CPSR.MODE;
    return mode !== MODE.usr && mode !== MODE.sys;
  }

  private locate(reference: number): { scope: number; shown: ShownFrame; index: number } {
    const index = Math.floor(reference / PER_FRAME);
    const scope = reference % PER_FRAME;
    if (scope < SCOPE.core || scope > SCOPE.spsr) throw unknownReference(reference);
    return { scope, shown: this.stack.frame(index + 1), index };
  }

  private core(name: RegisterName, shown: ShownFrame): DebugProtocol.Variable {
    const value = this.stack.register(shown, name);
    if (value === undefined) return { ...entry(name, 'not saved by the called function'), presentationHint: READ_ONLY };
    const variable = { ...entry(name, hex32(value)), memoryReference: formatAddress(value) };
    return !shown.isLive && (name !== 'cpsr' || !shown.thread.isRunning)
      ? { ...variable, presentationHint: READ_ONLY }
      : variable;
  }

  private register(name: RegisterName): DebugProtocol.Variable {
    return entry(name, hex32(this.guest.read(name)));
  }

  private status(name: 'cpsr' | 'spsr', index: number, scope: number): DebugProtocol.Variable {
    if (name === 'spsr' && !this.hasSpsr) return { ...entry(name, 'none in this mode'), presentationHint: READ_ONLY };
    const value = this.guest.read(name);
    return {
      ...entry(name, `${hex32(value)} ${formatPsr(value)}`),
      variablesReference: index * PER_FRAME + scope,
      namedVariables: STATUS_BITS.length + 1,
    };
  }

  private fields(register: 'cpsr' | 'spsr'): DebugProtocol.Variable[] {
    if (register === 'spsr' && !this.hasSpsr) return [];
    const value = this.guest.read(register);
    const bits = STATUS_BITS.map(({ name, bit, meaning }) => ({
      ...entry(name, value & bit ? '1' : '0'),
      type: meaning,
    }));
    const mode = value & CPSR.MODE;
    const modeText = `${modeName(mode) ?? 'reserved'} (0x${mode.toString(16)})`;
    return [...bits, { ...entry('mode', modeText), type: 'processor mode' }];
  }

  private withField(register: 'cpsr' | 'spsr', name: string, text: string, evaluate: (text: string) => number): number {
    if (register === 'spsr' && !this.hasSpsr) throw notWritable('spsr', 'the current mode has no SPSR');
    const old = this.guest.read(register);
    if (name === 'mode') {
      const key = text.trim().toLowerCase();
      const mode = Object.hasOwn(MODE, key) ? MODE[key as keyof typeof MODE] : evaluate(text);
      if (modeName(mode) === undefined) throw notWritable('mode', `${text} is none of ${Object.keys(MODE).join(', ')}`);
      return ((old & ~CPSR.MODE) | mode) >>> 0;
    }
    const field = STATUS_BITS.find((candidate) => candidate.name === name);
    if (!field) throw unknownVariable(name);
    const value = evaluate(text);
    if (value !== 0 && value !== 1) throw notWritable(name, 'it is one bit; give 0 or 1');
    return (value ? old | field.bit : old & ~field.bit) >>> 0;
  }
}

const READ_ONLY: DebugProtocol.VariablePresentationHint = { attributes: ['readOnly'] };

function entry(name: string, value: string): DebugProtocol.Variable {
  return { name, value, variablesReference: 0, evaluateName: `$${name}` };
}
