import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Command, commandHelp, parseArguments, UsageError } from './command.ts';
import { command as run } from './run.ts';
import { unescapeText } from './unescape-text.ts';

const sample: Command = {
  name: 'sample',
  positional: '[GUEST]',
  summary: 'A sample.',
  options: {
    port: { value: 'PORT', help: 'a port' },
    format: { value: 'F', help: 'a format' },
    fast: { help: 'fast' },
  },
  run: async () => 0,
};

const usage = (action: () => unknown, message: RegExp): void =>
  assert.throws(
    action,
    (error) => error instanceof UsageError && message.test(error.message) && !/\n/.test(error.message),
  );

describe('command line', () => {
  it('reads checked values', () => {
    const args = parseArguments(sample, ['guest', '--port', '80', '--format=json', '--fast']);
    assert.equal(args.onePositional('guest'), 'guest');
    assert.equal(args.integer('port', 0, 65535), 80);
    assert.equal(args.choice('format', ['text', 'json']), 'json');
    assert.ok(args.has('fast') && !args.has('slow'));
  });

  it('says what is wrong in one line', () => {
    usage(() => parseArguments(sample, ['--prot', '80']), /Unknown option '--prot'.*trapline sample --help/);
    usage(() => parseArguments(sample, ['--port']), /--port/);
    usage(() => parseArguments(sample, ['--port', '65536']).integer('port', 0, 65535), /from 0 to 65535, not "65536"/);
    usage(() => parseArguments(sample, ['--port', '1e3']).integer('port', 1), /at least 1, not "1e3"/);
    usage(() => parseArguments(sample, ['--port', '0']).positive('port', 10), /above 0 and up to 10/);
    usage(
      () => parseArguments(sample, ['--format', 'xml']).choice('format', ['text', 'json']),
      /text or json, not "xml"/,
    );
    usage(() => parseArguments(sample, ['a', 'b']).onePositional('guest'), /"b" is one too many/);
  });

  it('refuses options that do not exist yet', () => {
    for (const option of ['--profile', '--jit'])
      usage(() => parseArguments(run, [option, 'x']), /does not exist in this version/);
  });

  it('answers any arguments with a result or a usage error', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('--gdb', '--until', '--', '--input=', '-'))),
        (argv) => {
          try {
            parseArguments(run, argv);
          } catch (error) {
            assert.ok(error instanceof UsageError, String(error));
          }
        },
      ),
    );
  });

  it('explains every option', () => {
    const help = commandHelp(run);
    for (const name of Object.keys(run.options)) assert.ok(help.includes(`--${name}`), name);
    for (const line of help.split('\n')) assert.ok(line.length <= 120, line);
  });

  it('understands escapes in typed text', () => {
    assert.deepEqual(unescapeText('a\\n\\r\\t\\\\\\x41\\e'), Uint8Array.from(Buffer.from('a\n\r\t\\A\x1b')));
    assert.deepEqual(unescapeText('é'), Uint8Array.from(Buffer.from('é')));
    usage(() => unescapeText('\\q'), /no escape/);
    usage(() => unescapeText('tail\\'), /no escape/);
  });
});
