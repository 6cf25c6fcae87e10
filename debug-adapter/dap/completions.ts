/** `completions` in the debug console: registers after `$`, members after `.` and `->`, and names that are known here. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { REGISTER_NAMES } from '../../emulator/registers.ts';
import { InputError } from '../../formats/input-error.ts';
import { resolved, type DebugType } from '../../symbols/dwarf/types.ts';
import type { FrameContext } from './frame-context.ts';
import type { Guest } from './guest.ts';
import { STATUS_BITS } from './register-names.ts';
import { compile } from './variables.ts';

/** More names than this are no help. */
const MOST = 100;

/** The completions of the text before a cursor. */
export function completions(
  guest: Guest,
  context: FrameContext | undefined,
  before: string,
): DebugProtocol.CompletionItem[] {
  const word = /[\w]*$/.exec(before)?.[0] ?? '';
  const start = before.length - word.length;
  const item = (label: string, type: DebugProtocol.CompletionItemType): DebugProtocol.CompletionItem => {
    return { label, type, start, length: word.length };
  };
  const matching = (
    names: Iterable<string>,
    type: DebugProtocol.CompletionItemType,
  ): DebugProtocol.CompletionItem[] => {
    const found: DebugProtocol.CompletionItem[] = [];
    for (const name of names) {
      if (name.startsWith(word)) found.push(item(name, type));
      if (found.length === MOST) break;
    }
    return found;
  };
  const rest = before.slice(0, start);
  if (/\$[cs]psr(_\w+)?\.$/i.test(rest)) return matching(['mode', ...STATUS_BITS.map(({ name }) => name)], 'property');
  if (rest.endsWith('$')) return matching(REGISTER_NAMES, 'variable');
  const arrow = /(\.|->)$/.exec(rest)?.[0];
  const object = arrow === undefined ? undefined : lastOperand(rest.slice(0, -arrow.length));
  if (object !== undefined) return context ? matching(memberNames(object, context), 'field') : [];
  const locals = context?.pc === undefined ? [] : localNames(context, context.pc);
  if (word === '') return matching(locals, 'variable');
  const known = new Set(locals);
  const symbols = sorted(guest.symbols.names(), word).filter((name) => !known.has(name));
  return [...matching(locals, 'variable'), ...matching(symbols, 'function')];
}

/** The operand that ends a text: a name or something in parentheses, with its members and elements; undefined for none. */
export function lastOperand(text: string): string | undefined {
  let at = text.length;
  for (;;) {
    while (text[at - 1] === ']') {
      const before = at;
      at = opening(text, at);
      if (at === before) return undefined;
    }
    const end = at;
    if (text[at - 1] === ')') at = opening(text, at);
    else while (/[\w$]/.test(text[at - 1] ?? '')) at--;
    if (at === end) return undefined;
    if (text[at - 1] === '.') at--;
    else if (text.slice(0, at).endsWith('->')) at -= 2;
    else return text.slice(at);
  }
}

/** Where the bracket opens that closes before a place; the place itself, when none does. */
function opening(text: string, end: number): number {
  let depth = 0;
  for (let at = end - 1; at >= 0; at--) {
    if (')]'.includes(text[at])) depth++;
    else if ('(['.includes(text[at]) && --depth === 0) return at;
  }
  return end;
}

function localNames({ info, frameIndex }: FrameContext, pc: number): string[] {
  const scopes = info.variablesAt(pc)[frameIndex]?.scopes ?? [];
  return [...new Set(scopes.flatMap(({ variables }) => variables.map(({ name }) => name)))];
}

function sorted(names: Iterable<string>, prefix: string): string[] {
  const found = new Set<string>();
  for (const name of names) if (name.startsWith(prefix)) found.add(name);
  return [...found].sort();
}

/** The members of an expression, those of its anonymous parts as well; none when it cannot be evaluated. */
function memberNames(object: string, context: FrameContext): string[] {
  try {
    const { type } = compile(object, context)(context);
    const inner = resolved(type);
    return members(inner.kind === 'pointer' ? inner.target : inner, context, 0);
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** Anonymous parts nest no deeper. */
const DEEPEST = 8;

function members(type: DebugType, context: FrameContext, depth: number): string[] {
  return context.info.membersOf(type).flatMap(({ name, type: inner }) => {
    if (name !== undefined) return [name];
    return depth < DEEPEST ? members(inner, context, depth + 1) : [];
  });
}
