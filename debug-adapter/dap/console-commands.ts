/** The commands of the debug console: a line that begins with a dot, or a plain word that is no expression here. */
import { InputError } from '../../formats/input-error.ts';
import type { KernelCommand, Task } from '../awareness/awareness.ts';
import { describeTranslation, inspectTranslation } from '../inspection/translation.ts';
import { hex32 } from '../target.ts';
import { badDumpSize, expressionError } from './errors.ts';
import { HELP } from './evaluate.ts';
import type { Guest } from './guest.ts';

const MOST_BYTES = 4096;
const DEFAULT_BYTES = 64;
const BYTES_A_LINE = 16;

/** Turns an expression into a number. Throws a `UserError`. */
type Evaluate = (expression: string) => number;

interface Command {
  readonly name: string;
  readonly parameters?: string;
  readonly help: string;
  run(parameters: string): string;
}

/** A line that must be a command, without its dot; undefined for any other line. */
export function explicitCommand(line: string): string | undefined {
  // Numbers may begin with a dot as well.
  return /^\.[a-z]/i.test(line) ? line.slice(1) : undefined;
}

/** Runs a command line. Undefined when its first word is no command. Throws a `UserError`. */
export function runCommand(guest: Guest, line: string, evaluate: Evaluate): string | undefined {
  const [, name, parameters] = /^(\S+)\s*(.*)$/s.exec(line.trim()) ?? [];
  const command = commandsOf(guest, evaluate).find((candidate) => candidate.name === name);
  if (!command) return undefined;
  try {
    return command.run(parameters);
  } catch (error) {
    if (error instanceof InputError) throw expressionError(name, error.message.replace(/\.$/, ''));
    throw error;
  }
}

/** The names of all commands, for completion. */
export function commandNames(guest: Guest): string[] {
  return commandsOf(guest, () => 0).map(({ name }) => name);
}

function commandsOf(guest: Guest, evaluate: Evaluate): readonly Command[] {
  const model = guest.awareness?.model;
  const own: Command[] = [
    { name: 'help', help: 'this list', run: () => help(guest) },
    {
      name: 'translate',
      parameters: 'ADDRESS',
      help: "walks the guest's tables, and the shadow's, for a virtual address",
      run: (text) => describeTranslation(inspectTranslation(guest.machine, evaluate(text), undefined, guest.codeNames)),
    },
    {
      name: 'dump',
      parameters: 'ADDRESS [, BYTES]',
      help: 'memory in hexadecimal and as text',
      run: (text) => dump(guest, text, evaluate),
    },
  ];
  if (!model) return own;
  return [
    ...own,
    { name: 'tasks', help: 'the tasks, with pid, process and state', run: () => taskTable(guest) },
    { name: 'current', help: 'the task that the processor executes', run: () => current(guest) },
    { name: 'modules', help: 'the modules that the kernel has loaded', run: () => moduleTable(guest) },
    ...model.commands.map((command: KernelCommand) => ({ ...command, run: () => command.run() })),
  ];
}

function help(guest: Guest): string {
  const rows = commandsOf(guest, () => 0).map(({ name, parameters = '', help }) => [`.${name} ${parameters}`, help]);
  return `${HELP}\n${columns(rows)}`;
}

function taskTable(guest: Guest): string {
  const { tasks = [], problem } = guest.awareness?.tasks ?? {};
  const row = ({ isCurrent, pid, tgid, name, state, address }: Task): string[] => [
    isCurrent ? '*' : '',
    String(pid),
    String(tgid),
    name,
    state,
    hex32(address),
  ];
  const rows = [['', 'PID', 'PROCESS', 'NAME', 'STATE', 'ADDRESS'], ...tasks.map(row)];
  const end = problem ?? (tasks.length === 0 ? 'there are no tasks yet' : undefined);
  return `${columns(rows)}${end === undefined ? '' : `\n${end}`}`;
}

function current(guest: Guest): string {
  const task = guest.awareness?.tasks.tasks.find(({ isCurrent }) => isCurrent);
  if (!task) throw new InputError('there are no tasks yet');
  return `${task.name} (${task.pid}) ${task.state}, at ${hex32(task.address)}`;
}

function moduleTable(guest: Guest): string {
  const modules = guest.awareness?.model.modules() ?? [];
  if (modules.length === 0) return 'no modules';
  return columns(modules.map(({ name, size, address, state }) => [name, String(size), state, hex32(address)]));
}

/** Cells in columns as wide as their widest. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function dump(guest: Guest, text: string, evaluate: Evaluate): string {
  const comma = text.lastIndexOf(',');
  const start = evaluate(comma < 0 ? text : text.slice(0, comma));
  const size = comma < 0 ? DEFAULT_BYTES : evaluate(text.slice(comma + 1));
  if (size < 1 || size > MOST_BYTES) throw badDumpSize(size, MOST_BYTES);
  const bytes = guest.readMemory(start, size);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_A_LINE) {
    const line = bytes.subarray(at, at + BYTES_A_LINE);
    const digits = [...line].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const characters = [...line].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${hex32(start + at)}  ${digits.padEnd(3 * BYTES_A_LINE - 1)}  ${characters}`);
  }
  if (bytes.length < size) lines.push(`memory at ${hex32(start + bytes.length)} cannot be read`);
  return lines.join('\n');
}
