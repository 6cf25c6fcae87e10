/** Every error that a DAP client can be shown, with its number. Each names the thing, the place and what to do. */

/** An error for the user. `id` is stable, so that it can be searched for. */
export class UserError extends Error {
  readonly id: number;

  constructor(id: number, message: string) {
    super(message);
    this.name = 'UserError';
    this.id = id;
  }
}

const didYouMean = (suggestion: string | undefined): string => (suggestion ? ` Did you mean ${suggestion}?` : '');

export const badMessage = (problem: string): UserError =>
  new UserError(1001, `Not a debug adapter protocol message: ${problem}.`);

export const unknownRequest = (command: string, suggestion: string | undefined): UserError =>
  new UserError(1002, `Unknown request ${JSON.stringify(command.slice(0, 80))}.${didYouMean(suggestion)}`);

export const badArgument = (command: string, name: string, expected: string): UserError =>
  new UserError(1003, `Request ${command}: argument ${name} must be ${expected}.`);

export const requestCancelled = (): UserError => new UserError(1004, 'cancelled');

export const internalError = (command: string, problem: string): UserError =>
  new UserError(1005, `Request ${command} failed inside the debug adapter: ${problem}. Please report this.`);

export const unknownAttribute = (
  request: 'launch' | 'attach',
  name: string,
  suggestion: string | undefined,
  known: string,
): UserError =>
  new UserError(
    2001,
    `Unknown ${request} attribute ${JSON.stringify(name)}.${didYouMean(suggestion) || ` Known attributes: ${known}.`}`,
  );

export const badAttribute = (name: string, expected: string, actual: string): UserError =>
  new UserError(2002, `Attribute "${name}" must be ${expected}, not ${actual}.`);

export const nothingToLaunch = (): UserError =>
  new UserError(
    2003,
    'Nothing to launch: set "program" to an ELF file or a guest folder, or "kernel" to a kernel image.',
  );

export const launchFailed = (problem: string): UserError => new UserError(2004, problem);

export const alreadyLaunched = (): UserError =>
  new UserError(2005, 'A guest is already loaded in this session; use restart, or start another session.');

export const notLaunched = (command: string): UserError =>
  new UserError(2006, `Request ${command} needs a guest: send launch or attach and wait for the initialized event.`);

export const nothingToAttachTo = (): UserError =>
  new UserError(
    2007,
    'This debug adapter has no running guest: to attach, start one by "trapline run --dap PORT" and connect to its port.',
  );

export const onlyAttach = (): UserError =>
  new UserError(2008, 'This debug adapter belongs to a guest that runs already. Use "request": "attach".');

export const alreadyAttached = (): UserError =>
  new UserError(2009, 'Another client is attached to this guest; it has to disconnect first.');

export const runEnded = (text: string): UserError =>
  new UserError(2010, `There is nothing left to attach to: ${text}.`);

export const cannotRestartAttached = (): UserError =>
  new UserError(2011, 'A guest that was attached to is not restarted; end its "trapline run" and start it again.');

export const mustStand = (action: string): UserError =>
  new UserError(3001, `The guest is running; pause it before ${action}.`);

export const guestEnded = (): UserError =>
  new UserError(3002, 'The guest has ended; restart the session to run it again.');

export const unknownThread = (id: number): UserError =>
  new UserError(3003, `No thread ${id}: its task has ended; ask for the threads again. Thread 1 is the processor.`);

export const sleepingThread = (action: string): UserError =>
  new UserError(3020, `Cannot ${action}: the task does not run. Choose the thread that the processor executes.`);

export const unknownCommand = (line: string, suggestion: string | undefined): UserError =>
  new UserError(
    3021,
    `No command ${JSON.stringify(line.slice(0, 40))}.${didYouMean(suggestion && `.${suggestion}`) || ' .help lists them.'}`,
  );

export const badDumpSize = (size: number, most: number): UserError =>
  new UserError(3019, `dump shows 1 to ${most} bytes, not ${size}.`);

export const unknownFrame = (id: number): UserError =>
  new UserError(3004, `No stack frame ${id}: the guest has moved on; ask for the stack again.`);

export const unknownReference = (id: number): UserError =>
  new UserError(3005, `No variables under reference ${id}: the guest has moved on; ask for the scopes again.`);

export const callerUnknown = (where: string): UserError =>
  new UserError(
    3006,
    `Cannot step out of ${where}: its caller is not known (no frame information, or the outermost frame). ` +
      'Set a breakpoint where it returns to.',
  );

export const unknownVariable = (name: string): UserError =>
  new UserError(3007, `No register or field named "${name}" here.`);

export const notWritable = (name: string, why: string): UserError =>
  new UserError(3008, `${name} cannot be set: ${why}.`);

export const expressionError = (expression: string, problem: string): UserError =>
  new UserError(3009, `${expression.length > 60 ? `${expression.slice(0, 57)}...` : expression}: ${problem}.`);

export const badMemoryReference = (reference: string): UserError =>
  new UserError(
    3010,
    `${JSON.stringify(reference.slice(0, 80))} is not an address: give a hexadecimal (0x...) or decimal number ` +
      'below 2^32.',
  );

export const memoryUnwritable = (address: string, written: number, length: number): UserError =>
  new UserError(
    3011,
    `Cannot write ${length} bytes at ${address}: only the first ${written} are RAM that the guest has mapped. ` +
      'Nothing was written.',
  );

export const emptyInput = (): UserError => new UserError(3012, 'Nothing to type: give the text for the guest console.');

export const unknownListing = (reference: number): UserError =>
  new UserError(3013, `No disassembly under source reference ${reference}: it belongs to an earlier session.`);

export const unknownCause = (name: string): UserError =>
  new UserError(
    3014,
    `${JSON.stringify(name.slice(0, 80))} is no cause of an exit, nor a group of them; "byCause" of trapline/exits has ` +
      'those that occur.',
  );

export const unknownDevice = (name: string, known: readonly string[]): UserError =>
  new UserError(3015, `No device ${JSON.stringify(name.slice(0, 80))} on this board; it has ${known.join(', ')}.`);

export const unknownBreakpoint = (id: number): UserError =>
  new UserError(3016, `No breakpoint ${id}: give the "id" of a breakpoint that is set.`);

export const noException = (): UserError =>
  new UserError(3017, 'The guest has not stopped at an exception; set an exception breakpoint and continue.');

export const unknownTarget = (id: number): UserError =>
  new UserError(3018, `No target ${id}: give the "id" of one that gotoTargets has returned.`);

export const unknownFunction = (name: string): UserError =>
  new UserError(3019, `No symbol ${JSON.stringify(name.slice(0, 80))} in the guest's files.`);

export const unknownTest = (name: string, suggestion: string | undefined, known: string): UserError =>
  new UserError(
    3030,
    `This guest has no test ${JSON.stringify(name.slice(0, 80))}` +
      (suggestion === undefined ? '.' : `; did you mean ${JSON.stringify(suggestion)}?`) +
      (known === '' ? ' "tests" in its guest.json lists them.' : ` It has: ${known.slice(0, 400)}.`),
  );

export const notRecorded = (): UserError =>
  new UserError(3031, 'Nothing was recorded: launch the guest with "coverage": true.');
