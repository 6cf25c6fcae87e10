/**
 * Expressions of breakpoints: compiled once for an address, evaluated each time it is hit. C where there is debug
 * information; otherwise numbers, registers and symbols.
 */
import type { ConditionProgram } from '../../emulator/condition-program.ts';
import { InputError } from '../../formats/input-error.ts';
import { compileExpression, isTrue, type Compiled, type CompileOptions } from '../../symbols/c-expression/compile.ts';
import { formatValue } from '../../symbols/c-expression/format.ts';
import type { DebugInfo } from '../../symbols/debug-info.ts';
import { hex32 } from '../target.ts';
import { emitCondition } from './condition-compiler.ts';
import { UserError } from './errors.ts';
import { evaluateExpression } from './evaluate.ts';
import { innermostAccess, liveState, probeState, targetOf } from './frame-context.ts';
import type { Guest } from './guest.ts';
import type { ProbeFrame } from './variable-probe.ts';

/** An expression at an address. `isTrue` and `text` throw an `InputError` or a `UserError` for what cannot be read. */
export interface BoundExpression {
  isTrue(): boolean;
  text(): string;
  /** Emits it as a truth value for the machine to evaluate; false when it cannot be. */
  emit(program: ConditionProgram): boolean;
}

/** Compiles an expression for code at a linked address. Throws an `InputError` or a `UserError` that says what is wrong. */
export function bindExpression(guest: Guest, text: string, address: number): BoundExpression {
  const info = guest.debug.at(address) ?? guest.debug.all[0];
  if (!info) {
    const value = (): number => evaluateExpression(guest, text, (name) => guest.read(name));
    value();
    return { isTrue: () => value() !== 0, text: () => hex32(value()), emit: () => false };
  }
  const { compiled, options } = compileAnywhere(text, info, guest.debug.at(address) ? address : undefined);
  const target = targetOf(guest, innermostAccess(guest));
  const context = { target, frame: liveState(guest, address) };
  const probe: ProbeFrame = (registers, asked) => probeState(guest, address, registers, asked);
  return {
    isTrue: () => isTrue(compiled(context), target),
    text: () => formatValue(compiled(context), { info, target }),
    emit: (program) => emitCondition(text, info, options, probe, program),
  };
}

/** Compiles for the innermost function at an address whose names fit: an inlined copy hides those around it. */
function compileAnywhere(
  text: string,
  info: DebugInfo,
  pc: number | undefined,
): { compiled: Compiled; options: CompileOptions } {
  const frames = pc === undefined ? 1 : Math.max(1, info.framesAt(pc).length);
  let first: unknown;
  for (let frameIndex = 0; frameIndex < frames; frameIndex++) {
    const options = { pc, frameIndex };
    try {
      return { compiled: compileExpression(text, info, options), options };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      first ??= error;
    }
  }
  throw first;
}

/** What is wrong with an expression, for the user; other errors are thrown again. */
export function problemOf(error: unknown): string {
  if (error instanceof InputError || error instanceof UserError) return error.message.replace(/\.$/, '');
  throw error;
}
