/**
 * `evaluate`, `setExpression` and `dataBreakpointInfo`: C expressions where there is debug information; where there is
 * none, or where it is not C (`*0x8000`), numbers, registers and symbols.
 */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { InputError } from '../../formats/input-error.ts';
import { addressOf, assign, type Value } from '../../symbols/c-expression/value.ts';
import { resolved } from '../../symbols/dwarf/types.ts';
import { hex32 } from '../target.ts';
import { formatAddress } from './address.ts';
import type { RequestArguments } from './arguments.ts';
import { describeData } from './data-breakpoints.ts';
import { expressionError, UserError } from './errors.ts';
import { evaluateExpression, statusRegisterOf } from './evaluate.ts';
import { problemOf } from './expressions.ts';
import type { FrameContext } from './frame-context.ts';
import type { Guest } from './guest.ts';
import type { RegistersScope } from './registers-scope.ts';
import type { Stack } from './stack.ts';
import { explained, radixOf, type Variables } from './variables.ts';

type EvaluateBody = DebugProtocol.EvaluateResponse['body'];

/** Operators that write: `=` but not `==`, `<=`, `>=` and `!=`. */
const ASSIGNS = /(^|[^=<>!])=(?!=)|<<=|>>=/;
/** How much is watched when nobody says, bytes. */
const DEFAULT_WATCH = 4;

export class Evaluator {
  private readonly guest: Guest;
  private readonly stack: Stack;
  private readonly variables: Variables;
  private readonly registers: RegistersScope;

  constructor(guest: Guest, stack: Stack, variables: Variables, registers: RegistersScope) {
    this.guest = guest;
    this.stack = stack;
    this.variables = variables;
    this.registers = registers;
  }

  /** `evaluate`. `changed`: the expression may have written something. */
  evaluate(
    text: string,
    frameId: number | undefined,
    args: RequestArguments,
  ): { body: EvaluateBody; changed: boolean } {
    const status = statusRegisterOf(text);
    const context = status ? undefined : this.stack.context(frameId);
    const changed = ASSIGNS.test(text);
    if (!context) return { body: this.plain(text, frameId, status), changed };
    let value: Value;
    try {
      value = this.variables.evaluate(text, context);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { body: this.plainInstead(text, frameId, error), changed };
    }
    return { body: this.shown(text, value, context, args), changed };
  }

  /** Whether a name is that of a local variable of a frame, or of a symbol. */
  isKnown(name: string, frameId: number | undefined): boolean {
    const { info, pc, frameIndex = 0 } = this.stack.context(frameId) ?? {};
    const scopes = pc === undefined ? [] : (info?.variablesAt(pc)[frameIndex]?.scopes ?? []);
    const isLocal = scopes.some(({ variables }) => variables.some((variable) => variable.name === name));
    return isLocal || this.guest.symbols.find(name) !== undefined;
  }

  /** The value of an expression as a number. Throws a `UserError`. */
  number(text: string): number {
    return this.plainNumber(text, undefined);
  }

  /** `setExpression`. */
  assign(text: string, value: string, frameId: number | undefined, args: RequestArguments): object {
    const context = this.stack.context(frameId);
    if (!context) throw expressionError(text, 'there is no debug information, so only registers can be set');
    return explained(text, () => {
      const to = this.variables.evaluate(text, context);
      assign(to, this.variables.evaluate(value, context), context.target);
      const { result, ...rest } = this.shown(text, to, context, args);
      return { value: result, ...rest };
    });
  }

  /** `dataBreakpointInfo`: of a variable, of an expression, or of an address with a number of bytes. */
  dataBreakpointInfo(args: RequestArguments): DebugProtocol.DataBreakpointInfoResponse['body'] {
    const name = args.string('name');
    const bytes = args.raw['bytes'] === undefined ? undefined : args.integer('bytes', { min: 1, max: 2 ** 31 });
    const reference = args.integer('variablesReference', { min: 0, default: 0 });
    try {
      if (this.variables.has(reference)) {
        const place = this.variables.placeOf(reference, name);
        return describeData(place.expression, place.address, bytes ?? place.size);
      }
      const frameId = args.raw['frameId'] === undefined ? undefined : args.integer('frameId');
      if (args.boolean('asAddress')) {
        return describeData(name, this.plainNumber(name, frameId), bytes ?? DEFAULT_WATCH);
      }
      const context = this.stack.context(frameId);
      if (!context) return describeData(name, this.plainNumber(name, frameId), bytes ?? DEFAULT_WATCH);
      const value = this.variables.evaluate(name, context);
      return describeData(name, addressOf(value), bytes ?? resolved(value.type).size ?? DEFAULT_WATCH);
    } catch (error) {
      return { dataId: null, description: `${name}: ${problemOf(error)}.` };
    }
  }

  private shown(text: string, value: Value, context: FrameContext, args: RequestArguments): EvaluateBody {
    const isNumber = resolved(value.type).kind === 'base' && resolved(value.type).size === 4;
    const inHex = isNumber && value.place.kind !== 'memory' && text.includes('$');
    const radix = inHex ? 'hexadecimal' : radixOf(args);
    const { name: _, value: result, ...rest } = this.variables.result(text, value, context, radix);
    if (!inHex) return { result, ...rest };
    const full = result.replace(/^0x/, '').padStart(8, '0');
    return { ...rest, result: `0x${full}`, memoryReference: `0x${full}` };
  }

  private plain(text: string, frameId: number | undefined, status: 'cpsr' | 'spsr' | undefined): EvaluateBody {
    const value = this.plainNumber(text, frameId);
    const variablesReference = status ? this.registers.fieldsReference(status) : 0;
    return { result: hex32(value), variablesReference, memoryReference: formatAddress(value) };
  }

  /** What is not C may still be a number, a register or a symbol; if not, the error is that of C. */
  private plainInstead(text: string, frameId: number | undefined, error: InputError): EvaluateBody {
    try {
      return this.plain(text, frameId, undefined);
    } catch (second) {
      if (second instanceof UserError) throw expressionError(text.trim(), problemOf(error));
      throw second;
    }
  }

  private plainNumber(text: string, frameId: number | undefined): number {
    return evaluateExpression(this.guest, text, (name) => {
      if (frameId === undefined || frameId <= 1) return this.guest.read(name);
      return this.stack.register(this.stack.frame(frameId), name);
    });
  }
}
