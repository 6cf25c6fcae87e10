/** The `monitor` commands: what the protocol itself has no packet for, as text for a person at a GDB prompt. */
import type { Machine } from '../../emulator/machine.ts';
import { REGISTER, type RegisterName } from '../../emulator/registers.ts';
import { logRow, reportExits } from '../inspection/exits.ts';
import { inspectMachine } from '../inspection/machine-state.ts';
import { inspectPageTables, MEGABYTES } from '../inspection/page-tables.ts';
import { describeTranslation, inspectTranslation } from '../inspection/translation.ts';
import type { ShadowCell } from '../protocol.ts';
import { decodePsr, formatPsr, hex32, readPhysicalMemory, readRegister, REGISTER_GROUPS } from '../target.ts';

/** What a monitor command may use besides the machine. */
export interface MonitorContext {
  machine: Machine;
  /** Puts the guest back to its start. */
  reset(): void;
}

interface MonitorCommand {
  name: string;
  parameters: string;
  help: string;
  run(context: MonitorContext, parameter: string): string;
}

const COMMANDS: readonly MonitorCommand[] = [
  { name: 'help', parameters: '', help: 'this list', run: help },
  { name: 'info registers', parameters: '', help: 'every register, bank by bank, and cp15', run: infoRegisters },
  { name: 'info memory', parameters: '', help: 'RAM and devices by physical address', run: infoMemory },
  {
    name: 'info devices',
    parameters: '[NAME]',
    help: 'registers of the devices, without side effects',
    run: infoDevices,
  },
  {
    name: 'translation',
    parameters: 'ADDRESS',
    help: "walks the guest's tables and the shadow's for a virtual address",
    run: translate,
  },
  {
    name: 'pagetables',
    parameters: '[ADDRESS]',
    help: "the guest's tables beside the shadow's: megabytes in use, or the pages of one",
    run: pageTables,
  },
  {
    name: 'machine',
    parameters: '',
    help: 'the CPU that the guest sees, beside the one that executes it, and cp15 field by field',
    run: machineState,
  },
  { name: 'xp', parameters: 'ADDRESS [WORDS]', help: 'words of RAM by physical address', run: examinePhysical },
  {
    name: 'exits',
    parameters: '[sites | registers | log]',
    help: 'exits to the hypervisor by cause, the busiest instructions, device registers, or the last ones',
    run: exits,
  },
  { name: 'step-count', parameters: '', help: 'guest instructions retired, and guest time', run: stepCount },
  { name: 'type', parameters: 'TEXT', help: "types a line into the guest's console", run: typeLine },
  { name: 'reset', parameters: '', help: 'puts the guest back to its start', run: reset },
];

/** Runs a monitor command line and returns what to print, ending in a line feed. */
export function runMonitorCommand(context: MonitorContext, line: string): string {
  const text = line.trim().replace(/\s+/g, ' ');
  const command = COMMANDS.find(({ name }) => text === name || text.startsWith(`${name} `));
  const output = command
    ? command.run(context, text.slice(command.name.length).trim())
    : `Unknown monitor command "${text}". "monitor help" lists the commands.`;
  return `${output}\n`;
}

function help(): string {
  return table(COMMANDS.map(({ name, parameters, help }) => [`monitor ${name} ${parameters}`.trim(), help]));
}

/** Columns padded to their widest cell; columns from `right` on are set flush right. */
function table(rows: readonly (readonly string[])[], right = Infinity): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => (at >= right ? cell.padStart(widths[at]) : cell.padEnd(widths[at])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function infoRegisters({ machine }: MonitorContext): string {
  const show = (name: RegisterName): string => {
    const value = readRegister(machine, name);
    if (name === 'spsr' && !hasSpsr(machine)) return 'spsr             (none in this mode)';
    const decoded = name === 'cpsr' || name.startsWith('spsr') ? `  ${formatPsr(value)}` : '';
    return `${name.padEnd(15)}  ${hex32(value)}${decoded}`;
  };
  return REGISTER_GROUPS.map(({ name, registers }) => [`${name}:`, ...registers.map(show)].join('\n')).join('\n\n');
}

function hasSpsr(machine: Machine): boolean {
  const { mode } = decodePsr(readRegister(machine, 'cpsr'));
  return mode !== 'usr' && mode !== 'sys';
}

function infoMemory({ machine }: MonitorContext): string {
  const range = (base: number, size: number, name: string): string[] => [
    `${hex32(base)}-${hex32(base + size - 1)}`,
    name,
  ];
  return table([
    ...machine.vm.slots.map(({ base, size }) => range(base, size, `RAM, ${size / 1024} KB`)),
    ...machine.board.devices.map(({ base, device }) => range(base, device.size, device.name)),
  ]);
}

function infoDevices({ machine }: MonitorContext, wanted: string): string {
  const devices = machine.board.devices.filter(({ device }) => wanted === '' || device.name === wanted);
  if (devices.length === 0)
    return wanted === ''
      ? 'This board has no devices.'
      : `No device "${wanted}". This board has: ${machine.board.devices.map(({ device }) => device.name).join(', ')}.`;
  return devices
    .map(({ base, device }) =>
      [
        `${device.name} at ${hex32(base)}:`,
        table(device.inspect().map(({ name, offset, value }) => [`  ${hex32(base + offset)}`, name, hex32(value)])),
      ].join('\n'),
    )
    .join('\n');
}

/** An address as a person writes it: hexadecimal with 0x, decimal, or the name of a register after `$`. */
function parseAddress(machine: Machine, text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]{1,8}$/.test(text)) return parseInt(text, 16);
  if (/^[0-9]{1,10}$/.test(text) && Number(text) <= 0xffff_ffff) return Number(text);
  const name = text.replace(/^\$/, '');
  return Object.hasOwn(REGISTER, name) ? readRegister(machine, name as RegisterName) : undefined;
}

function translate({ machine }: MonitorContext, parameter: string): string {
  const address = parseAddress(machine, parameter);
  if (address === undefined) return 'Usage: monitor translation ADDRESS, for example monitor translation 0xc0008000';
  return describeTranslation(inspectTranslation(machine, address));
}

const MOST_WORDS = 1024;

function examinePhysical({ machine }: MonitorContext, parameter: string): string {
  const [addressText, countText = '4'] = parameter.split(' ');
  const address = parseAddress(machine, addressText);
  const count = Number(countText);
  if (address === undefined || !Number.isInteger(count) || count < 1 || count > MOST_WORDS)
    return `Usage: monitor xp ADDRESS [WORDS], with 1 to ${MOST_WORDS} words`;
  const bytes = readPhysicalMemory(machine, address, count * 4);
  if (bytes.length < 4) return `There is no RAM at physical address ${hex32(address)}.`;
  const view = new DataView(bytes.buffer);
  const lines: string[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 16) {
    const words: string[] = [];
    for (let word = at; word < at + 16 && word + 4 <= bytes.length; word += 4)
      words.push(view.getUint32(word, true).toString(16).padStart(8, '0'));
    lines.push(`${hex32(address + at)}: ${words.join(' ')}`);
  }
  return lines.join('\n');
}

const MOST_ROWS = 20;

function exits({ machine }: MonitorContext, parameter: string): string {
  if (!machine.vm.hypervisor) return `There are no exits in ${machine.vm.mode} mode: no hypervisor is in use.`;
  const { total, byCause, sites, registers } = reportExits(machine);
  switch (parameter) {
    case '':
      return table([...byCause.map(({ cause, count }) => [cause, String(count)]), ['total', String(total)]], 1);
    case 'sites':
      return table(
        sites.slice(0, MOST_ROWS).map(({ address, cause, count }) => [address, cause, String(count)]),
        2,
      );
    case 'registers':
      return table([
        ['register', 'reads', 'writes'],
        ...registers.map(({ address, device, register, reads, writes }) => [
          device === undefined ? address : `${device} ${register ?? address}`,
          String(reads),
          String(writes),
        ]),
      ]);
    case 'log':
      return exitLog(machine);
    default:
      return 'Usage: monitor exits [sites | registers | log]';
  }
}

/** The last exits, the newest at the end. */
function exitLog(machine: Machine): string {
  const exits = machine.vm.hypervisor?.exits;
  const rows = exits?.log(Math.max(0, exits.total - MOST_ROWS), exits.total) ?? [];
  return table([
    ['exit', 'instructions', 'mode', 'pc', 'cause', 'address'],
    ...rows.map((exit) => {
      const { index, instructions, mode, pc, cause, address } = logRow(machine, exit);
      return [String(index), String(instructions), mode, pc, cause, address ?? ''];
    }),
  ]);
}

/** Megabytes that are in use in either table; with an address, the pages of its megabyte. */
function pageTables({ machine }: MonitorContext, parameter: string): string {
  const address = parameter === '' ? undefined : parseAddress(machine, parameter);
  if (parameter !== '' && address === undefined)
    return 'Usage: monitor pagetables [ADDRESS], for example monitor pagetables 0xc0008000';
  const megabyte = address === undefined ? undefined : address >>> 20;
  const { rows } = inspectPageTables(machine, { megabyte, start: 0, count: MEGABYTES, used: true });
  if (rows.length === 0) return 'Nothing is mapped here.';
  const cell = (shadow: ShadowCell | undefined): string =>
    shadow?.entries === undefined ? (shadow?.state ?? '') : `${shadow.state} (${shadow.entries})`;
  return table([
    ['address', 'guest', 'to', ...(rows[0].shadow ? ['shadow, privileged', 'shadow, user'] : [])],
    ...rows.map((row) => [
      row.address,
      row.guest?.type ?? '-',
      row.guest?.target ?? '-',
      ...(row.shadow ? [cell(row.shadow.privileged), cell(row.shadow.user)] : []),
    ]),
  ]);
}

/** Both CPUs in two columns; of cp15 what the guest sees. */
function machineState({ machine }: MonitorContext): string {
  const { mode, board, virtual, physical } = inspectMachine(machine, false);
  const title = physical ? [['register', 'virtual', 'physical']] : [['register', 'value']];
  const registers = Object.entries(virtual.registers).map(([name, value]) => [
    name,
    value,
    ...(physical ? [physical.registers[name] ?? ''] : []),
  ]);
  const status = ['status', virtual.status, ...(physical ? [physical.status] : [])];
  const system = virtual.systemControl.map(({ name, value, fields }) => [
    name,
    value,
    fields.map((field) => `${field.name}=${field.value}`).join(' '),
  ]);
  return `${board}, ${mode}

${table([...title, ...registers, status])}

${table(system)}`;
}

function stepCount({ machine }: MonitorContext): string {
  return `${machine.vcpu.instructions} instructions, ${(machine.now / 1e9).toFixed(9)} s of guest time`;
}

function typeLine({ machine }: MonitorContext, parameter: string): string {
  machine.input.type(new TextEncoder().encode(`${parameter}\n`));
  return `Typed: the guest reads it when it goes on. ${machine.input.pending} characters are waiting.`;
}

function reset(context: MonitorContext): string {
  context.reset();
  return `The guest is at its start, pc = ${hex32(readRegister(context.machine, 'pc'))}.`;
}
