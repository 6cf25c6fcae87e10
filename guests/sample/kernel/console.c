/*
 * The console: a PL011 UART (ARM DDI 0183). Output waits for the transmitter; input comes by interrupt into a ring,
 * and a task that wants a line sleeps until there is something in it.
 */
#include "cpu.h"
#include "kernel.h"

enum uart { DR = 0x00 / 4, FR = 0x18 / 4, LCR_H = 0x2c / 4, CR = 0x30 / 4, IMSC = 0x38 / 4 };

#define FR_RXFE 0x10 /* nothing received */
#define FR_TXFF 0x20 /* no room to send */
#define LCR_H_8_BITS 0x60 /* and no FIFO, so that every character interrupts */
#define CR_ENABLE 0x301 /* UARTEN, TXE, RXE */
#define INT_RX 0x10

#define CTRL(letter) ((letter) & 0x1f)
#define DELETE 0x7f
#define ESCAPE 0x1b

#define RING 256
static char ring[RING];
static u32 received; /* characters put in and taken out so far */
static u32 taken;
static const char input[] = "console"; /* what a reader waits for */

/* The process that Ctrl-C ends. */
int foreground;

void console_init(void) {
  volatile u32 *uart = device(UART);
  uart[LCR_H] = LCR_H_8_BITS;
  uart[CR] = CR_ENABLE;
  uart[IMSC] = INT_RX;
}

void put_char(char c) {
  volatile u32 *uart = device(UART);
  if (c == '\n') put_char('\r');
  while (uart[FR] & FR_TXFF) continue;
  uart[DR] = (u8)c;
}

/* A character has arrived. With a full ring the interrupt stays off until there is room: the sender waits. */
void console_interrupt(void) {
  volatile u32 *uart = device(UART);
  while (!(uart[FR] & FR_RXFE)) {
    if (received - taken == RING) {
      uart[IMSC] = 0;
      break;
    }
    char c = (char)uart[DR];
    if (c == CTRL('C') && foreground) task_kill(foreground);
    else ring[received++ % RING] = c;
  }
  wake_waiting(input);
}

/* The next character; waits for it. Returns -EINTR when the task is killed meanwhile. */
static int get_char(void) {
  u32 flags = mask_interrupts();
  while (received == taken && !current->killed) block(input);
  int c = received == taken ? -EINTR : (u8)ring[taken++ % RING];
  device(UART)[IMSC] = INT_RX;
  restore_interrupts(flags);
  return c;
}

static void erase(u32 characters) {
  while (characters--) print("\b \b");
}

/*
 * Reads a line with the usual keys: backspace, Ctrl-U (all), Ctrl-C (give up), and Ctrl-P or the up arrow (the last
 * line again). Echoes when the line is read, not when it is typed. Returns its length, or -EINTR.
 */
int read_line(char *line, u32 room) {
  static char last[80];
  u32 length = 0;
  u32 escape = 0; /* how much of ESC [ A has been seen */
  for (;;) {
    int c = get_char();
    if (c < 0) return c;
    if (escape == 1) {
      escape = c == '[' ? 2 : 0;
      continue;
    }
    if (escape == 2) {
      escape = 0;
      if (c != 'A') continue;
      c = CTRL('P');
    }
    switch (c) {
      case '\r':
      case '\n':
        print("\n");
        line[length] = 0;
        if (length) copy_text(last, line, sizeof last);
        return (int)length;
      case ESCAPE:
        escape = 1;
        break;
      case '\b':
      case DELETE:
        if (length) {
          erase(1);
          length--;
        }
        break;
      case CTRL('U'):
        erase(length);
        length = 0;
        break;
      case CTRL('C'):
        print("^C\n");
        line[0] = 0;
        return 0;
      case CTRL('P'):
        erase(length);
        copy_text(line, last, room);
        for (length = 0; line[length]; length++) put_char(line[length]);
        break;
      default:
        if (c >= ' ' && length < room - 1) {
          line[length++] = (char)c;
          put_char((char)c);
        }
    }
  }
}

static void print_number(u32 value, u32 base, u32 width, char pad, int negative) {
  char digits[12];
  u32 length = 0;
  do {
    /* Constant divisors: the processor has no division, and the compiler then multiplies instead. */
    u32 digit = base == 16 ? value % 16 : value % 10;
    digits[length++] = "0123456789abcdef"[digit];
    value = base == 16 ? value / 16 : value / 10;
  } while (value);
  if (negative) digits[length++] = '-';
  for (; width > length; width--) put_char(pad);
  while (length) put_char(digits[--length]);
}

/* %d, %u, %x, %s, %c and %%, with a width; 0 fills with zeros, - puts a text to the left. */
void print(const char *format, ...) {
  /* Not <stdarg.h>: the path of the compiler's installation would be in the debug information. */
  __builtin_va_list arguments;
  __builtin_va_start(arguments, format);
  for (const char *f = format; *f; f++) {
    if (*f != '%') {
      put_char(*f);
      continue;
    }
    int left = *++f == '-';
    if (left) f++;
    char pad = *f == '0' ? '0' : ' ';
    u32 width = 0;
    for (; *f >= '0' && *f <= '9'; f++) width = width * 10 + (u32)(*f - '0');
    switch (*f) {
      case 'd': {
        int value = __builtin_va_arg(arguments, int);
        print_number(value < 0 ? 0u - (u32)value : (u32)value, 10, width, pad, value < 0);
        break;
      }
      case 'u':
        print_number(__builtin_va_arg(arguments, u32), 10, width, pad, 0);
        break;
      case 'x':
        print_number(__builtin_va_arg(arguments, u32), 16, width, pad, 0);
        break;
      case 'c':
        put_char((char)__builtin_va_arg(arguments, int));
        break;
      case 's': {
        const char *text = __builtin_va_arg(arguments, const char *);
        u32 length = 0;
        while (text[length]) length++;
        for (u32 i = length; !left && i < width; i++) put_char(' ');
        while (*text) put_char(*text++);
        for (u32 i = length; left && i < width; i++) put_char(' ');
        break;
      }
      default:
        put_char(*f);
    }
  }
  __builtin_va_end(arguments);
}
