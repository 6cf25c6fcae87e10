/**
 * Fields of device registers, by the register's name: PL011 (ARM DDI 0183G), SP804 (ARM DDI 0271D), PL190 (ARM DDI 0181E), and the
 * interrupt lines of the Versatile PB (ARM DUI 0225D, 4.10).
 */
import type { RegisterField } from '../protocol.ts';

/** Name, lowest bit, width, and what it means: when set, or for each value. */
type Field = readonly [name: string, bit: number, width: number, meaning: string | readonly string[]];

const flag = (name: string, bit: number, meaning: string): Field => [name, bit, 1, meaning];

const UART_INTERRUPTS: readonly Field[] = [
  flag('RI', 0, 'ring indicator'),
  flag('CTS', 1, 'clear to send'),
  flag('DCD', 2, 'data carrier detect'),
  flag('DSR', 3, 'data set ready'),
  flag('RX', 4, 'received characters'),
  flag('TX', 5, 'room to send'),
  flag('RT', 6, 'receive timeout'),
  flag('FE', 7, 'framing error'),
  flag('PE', 8, 'parity error'),
  flag('BE', 9, 'break'),
  flag('OE', 10, 'overrun'),
];
const FIFO_LEVELS = ['1/8', '1/4', '1/2', '3/4', '7/8', 'reserved', 'reserved', 'reserved'];

/** Inputs of the primary interrupt controller that have a name. */
const VIC_LINES: Readonly<Record<number, string>> = {
  0: 'watchdog',
  1: 'software interrupt',
  2: 'debug channel, receive',
  3: 'debug channel, transmit',
  4: 'timers 0 and 1',
  5: 'timers 2 and 3',
  6: 'GPIO 0',
  7: 'GPIO 1',
  8: 'GPIO 2',
  9: 'GPIO 3',
  10: 'real-time clock',
  11: 'synchronous serial port',
  12: 'UART 0',
  13: 'UART 1',
  14: 'UART 2',
  15: 'smart card',
  16: 'colour LCD controller',
  17: 'DMA controller',
  18: 'power fail',
  31: 'secondary controller',
};
const SIC_LINES: Readonly<Record<number, string>> = {
  1: 'MMC 0, B',
  2: 'MMC 1, B',
  3: 'keyboard',
  4: 'mouse',
  6: 'UART 3',
  22: 'MMC 0, A',
  23: 'MMC 1, A',
};

/** Bits of a register with one bit a line: the lines that are set, and those that have a name. */
const lines = (names: Readonly<Record<number, string>>): Field[] =>
  Array.from({ length: 32 }, (_, bit) => flag(`${bit}`, bit, names[bit] ?? 'not connected by name'));

const FIELDS: readonly (readonly [pattern: RegExp, fields: readonly Field[], onlySet?: true])[] = [
  [
    /^UARTFR$/,
    [
      flag('CTS', 0, 'clear to send'),
      flag('DSR', 1, 'data set ready'),
      flag('DCD', 2, 'data carrier detect'),
      flag('BUSY', 3, 'sending'),
      flag('RXFE', 4, 'receive FIFO empty'),
      flag('TXFF', 5, 'transmit FIFO full'),
      flag('RXFF', 6, 'receive FIFO full'),
      flag('TXFE', 7, 'transmit FIFO empty'),
      flag('RI', 8, 'ring indicator'),
    ],
  ],
  [
    /^UARTRSR$/,
    [flag('FE', 0, 'framing error'), flag('PE', 1, 'parity error'), flag('BE', 2, 'break'), flag('OE', 3, 'overrun')],
  ],
  [
    /^UARTLCR_H$/,
    [
      flag('BRK', 0, 'send break'),
      flag('PEN', 1, 'parity on'),
      flag('EPS', 2, 'even parity'),
      flag('STP2', 3, 'two stop bits'),
      flag('FEN', 4, 'FIFOs on'),
      ['WLEN', 5, 2, ['5 bits', '6 bits', '7 bits', '8 bits']],
      flag('SPS', 7, 'stick parity'),
    ],
  ],
  [
    /^UARTCR$/,
    [
      flag('UARTEN', 0, 'UART on'),
      flag('SIREN', 1, 'infrared on'),
      flag('SIRLP', 2, 'infrared low power'),
      flag('LBE', 7, 'loop back'),
      flag('TXE', 8, 'transmit on'),
      flag('RXE', 9, 'receive on'),
      flag('DTR', 10, 'data transmit ready'),
      flag('RTS', 11, 'request to send'),
      flag('OUT1', 12, 'output 1'),
      flag('OUT2', 13, 'output 2'),
      flag('RTSEN', 14, 'RTS flow control'),
      flag('CTSEN', 15, 'CTS flow control'),
    ],
  ],
  [
    /^UARTIFLS$/,
    [
      ['TXIFLSEL', 0, 3, FIFO_LEVELS],
      ['RXIFLSEL', 3, 3, FIFO_LEVELS],
    ],
  ],
  [/^UART(IMSC|RIS|MIS)$/, UART_INTERRUPTS],
  [
    /^UARTDMACR$/,
    [flag('RXDMAE', 0, 'receive DMA'), flag('TXDMAE', 1, 'transmit DMA'), flag('DMAONERR', 2, 'off on error')],
  ],
  [
    /^Timer[12]Control$/,
    [
      flag('OneShot', 0, 'stops at 0'),
      flag('TimerSize', 1, '32-bit counter'),
      ['TimerPre', 2, 2, ['clock / 1', 'clock / 16', 'clock / 256', 'reserved']],
      flag('IntEnable', 5, 'interrupt on'),
      flag('TimerMode', 6, 'periodic'),
      flag('TimerEn', 7, 'counting'),
    ],
  ],
  [/^Timer[12](RIS|MIS)$/, [flag('Timer', 0, 'reached 0')]],
  [/^VIC(IRQSTATUS|FIQSTATUS|RAWINTR|INTSELECT|INTENABLE|SOFTINT)$/, lines(VIC_LINES), true],
  [/^VICPROTECTION$/, [flag('Protection', 0, 'privileged access only')]],
  [
    /^VICVECTCNTL\d+$/,
    [
      ['IntSource', 0, 5, Array.from({ length: 32 }, (_, line) => VIC_LINES[line] ?? `line ${line}`)],
      flag('E', 5, 'vector on'),
    ],
  ],
  [/^SIC_/, lines(SIC_LINES), true],
];

/** The fields of a device register; none for one that is a plain number. Of interrupt lines, those that are set. */
export function decodeDeviceRegister(name: string, value: number): RegisterField[] {
  const [, fields, onlySet] = FIELDS.find(([pattern]) => pattern.test(name)) ?? [];
  return (fields ?? []).flatMap(([field, bit, width, meaning]): RegisterField[] => {
    const bits = (value >>> bit) & ((1 << width) - 1);
    if (onlySet && bits === 0) return [];
    if (typeof meaning === 'string') return [{ name: field, value: bits === 1, meaning }];
    return [{ name: field, value: bits, meaning: meaning[bits] }];
  });
}
