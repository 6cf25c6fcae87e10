/** What a breakpoint does when it is reached: its condition, its hit count, its log message. */
import { bindExpression, problemOf, type BoundExpression } from './expressions.ts';
import type { RequestArguments } from './arguments.ts';
import type { Guest } from './guest.ts';
import { parseHitCondition } from './hit-count.ts';

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

export class BreakpointAction {
  /** Why the action cannot be done; the breakpoint is then not set. */
  readonly problem: string | undefined;
  private readonly conditions = new Map<number, BoundExpression>();
  private readonly messages = new Map<number, readonly (string | BoundExpression)[]>();
  private readonly counts: ((count: number) => boolean) | undefined;
  private hits = 0;

  /** Compiles the texts for each of the linked addresses of a breakpoint. */
  constructor(guest: Guest, text: ActionText, addresses: readonly number[]) {
    const { condition, hitCondition, logMessage } = text;
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
    }
  }

  /** The breakpoint has been reached at one of its addresses. An expression that cannot be evaluated stops, too. */
  reached(address: number): Verdict {
    try {
      if (this.conditions.get(address)?.isTrue() === false) return PASS;
    } catch (error) {
      return { stops: true, message: `The condition could not be evaluated: ${problemOf(error)}.` };
    }
    this.hits++;
    if (this.counts && !this.counts(this.hits)) return PASS;
    const message = this.messages.get(address);
    if (!message) return STOP;
    return { stops: false, message: message.map((part) => (typeof part === 'string' ? part : textOf(part))).join('') };
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
