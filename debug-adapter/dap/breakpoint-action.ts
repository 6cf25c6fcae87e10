/** What a breakpoint does when it is reached: its condition, its hit count, its log message. */
import { ConditionProgram } from '../../emulator/condition-program.ts';
import { LAYOUT } from '../../emulator/layout.ts';
import type { Vcpu } from '../../emulator/vm.ts';
import type { AddressSpace } from './address-space.ts';
import { bindExpression, problemOf, type BoundExpression } from './expressions.ts';
import type { RequestArguments } from './arguments.ts';
import type { Guest } from './guest.ts';
import { meetsHitCondition, parseHitCondition, type HitCondition } from './hit-count.ts';

/** What a client has asked for, as text. */
export interface ActionText {
  readonly condition: string | undefined;
  readonly hitCondition: string | undefined;
  readonly logMessage: string | undefined;
}

/** What follows from reaching a breakpoint. */
export interface Verdict {
  readonly stops: boolean;
  /** For the debug console. */
  readonly message?: string;
}

const PASS: Verdict = { stops: false };
const STOP: Verdict = { stops: true };

/** The action texts of a breakpoint in a request. */
export function actionText(item: RequestArguments): ActionText {
  const text = (name: string): string | undefined => item.optionalString(name)?.trim() || undefined;
  return {
    condition: text('condition'),
    hitCondition: text('hitCondition'),
    // Spaces of a message are kept.
    logMessage: item.optionalString('logMessage') || undefined,
  };
}

/** Whether two breakpoints ask for the same, so that a count of hits goes on. */
export function isSameAction(a: ActionText, b: ActionText): boolean {
  return a.condition === b.condition && a.hitCondition === b.hitCondition && a.logMessage === b.logMessage;
}

/** Counters of the machine that are in use. */
const countersUsed = new WeakMap<Vcpu, number>();

/** A counter that the machine can count hits in; undefined when all are taken. */
function takeCounter(vcpu: Vcpu): number | undefined {
  const counter = countersUsed.get(vcpu) ?? 0;
  if (counter >= LAYOUT.HIT_COUNT_MAX) return undefined;
  countersUsed.set(vcpu, counter + 1);
  vcpu.writeHitCount(counter, 0);
  return counter;
}

export class BreakpointAction {
  /** Why the action cannot be done; the breakpoint is then not set. */
  readonly problem: string | undefined;
  private readonly guest: Guest;
  private readonly space: AddressSpace | undefined;
  private readonly conditions = new Map<number, BoundExpression>();
  private readonly messages = new Map<number, readonly (string | BoundExpression)[]>();
  private readonly counts: HitCondition | undefined;
  /** Where the machine counts the hits; without one they are counted here. */
  private readonly counter: number | undefined;
  private hits = 0;
  private readonly programs = new Map<number, readonly number[] | undefined>();

  /** Compiles the texts for each of the linked addresses of a breakpoint. With `space`, it counts in that only. */
  constructor(guest: Guest, text: ActionText, addresses: readonly number[], space?: AddressSpace) {
    const { condition, hitCondition, logMessage } = text;
    this.guest = guest;
    this.space = space;
    this.counts = hitCondition === undefined ? undefined : parseHitCondition(hitCondition);
    if (hitCondition !== undefined && !this.counts) {
      this.problem = `Hit condition ${hitCondition}: give a number, with =, >, >=, <, <= or % before it.`;
      return;
    }
    try {
      for (const address of addresses) {
        if (condition !== undefined) this.conditions.set(address, bindExpression(guest, condition, address));
        if (logMessage !== undefined) this.messages.set(address, parseMessage(guest, logMessage, address));
      }
    } catch (error) {
      this.problem = `${condition === undefined ? 'Log message' : 'Condition'}: ${problemOf(error)}.`;
      return;
    }
    this.counter = this.counts && takeCounter(guest.machine.vcpu);
  }

  /** The breakpoint has been reached at one of its addresses. An expression that cannot be evaluated stops, too. */
  reached(address: number): Verdict {
    if (this.space?.isCurrent(this.guest) === false) return PASS;
    try {
      if (this.conditions.get(address)?.isTrue() === false) return PASS;
    } catch (error) {
      return { stops: true, message: `The condition could not be evaluated: ${problemOf(error)}.` };
    }
    if (this.counts && !meetsHitCondition(this.counts, this.count())) return PASS;
    const message = this.messages.get(address);
    if (!message) return STOP;
    return { stops: false, message: message.map((part) => (typeof part === 'string' ? part : textOf(part))).join('') };
  }

  /** What the machine can decide by itself at one of the addresses; undefined for nothing. */
  program(address: number): readonly number[] | undefined {
    if (!this.programs.has(address)) this.programs.set(address, this.compile(address));
    return this.programs.get(address);
  }

  private compile(address: number): readonly number[] | undefined {
    const { space, counts, counter } = this;
    const condition = this.conditions.get(address);
    if (!space && !condition && !counts) return undefined;
    const program = new ConditionProgram();
    const failed: number[] = [];
    for (const term of space?.terms() ?? []) {
      term(program);
      failed.push(program.jumpIfZero());
    }
    if (condition) {
      if (!condition.emit(program)) return undefined;
      failed.push(program.jumpIfZero());
    }
    if (counts) {
      if (counter === undefined) return undefined;
      emitHitCondition(counts, counter, program);
    } else program.constant(1);
    const end = program.jump();
    for (const jump of failed) program.land(jump);
    program.constant(0);
    program.land(end);
    return program.finish();
  }

  /** Counts a hit, unless the machine has; the number of hits. */
  private count(): number {
    const { counter } = this;
    const { vcpu } = this.guest.machine;
    if (counter === undefined) return ++this.hits;
    const hits = vcpu.readHitCount(counter);
    if (vcpu.takeHitCounted()) return hits;
    vcpu.writeHitCount(counter, hits + 1);
    return hits + 1;
  }
}

/** Counts a hit, and whether the count meets the condition. */
function emitHitCondition({ operator, number }: HitCondition, counter: number, program: ConditionProgram): void {
  const isReversed = operator === '>' || operator === '<=';
  if (isReversed) program.constant(number);
  program.count(counter);
  if (!isReversed) program.constant(number);
  if (operator === '%') {
    program.operate('remainder');
    program.not();
  } else if (operator === '=') program.operate('equal');
  else {
    program.operate('less');
    if (operator === '>=' || operator === '<=') program.not();
  }
}

function textOf(part: BoundExpression): string {
  try {
    return part.text();
  } catch (error) {
    return `<${problemOf(error)}>`;
  }
}

/** Splits a log message into text and the expressions in braces; doubled braces stand for themselves. */
function parseMessage(guest: Guest, message: string, address: number): (string | BoundExpression)[] {
  const parts: (string | BoundExpression)[] = [];
  for (const [whole, expression] of message.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[^{}]+|[{}]/g)) {
    if (whole === '{{' || whole === '}}') parts.push(whole[0]);
    else if (expression === undefined) parts.push(whole);
    else parts.push(bindExpression(guest, expression, address));
  }
  return parts;
}
