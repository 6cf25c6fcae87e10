/** `trapline lint`: sensitive instructions in sources. */
import { existsSync, readFileSync } from 'node:fs';
import { InputError } from '../formats/input-error.ts';
import { type Command, ExitCode, type ParsedArguments, UsageError } from './command.ts';
import { lintAs, requiredPaths, SOURCE_OPTIONS } from './lint-options.ts';
import { readSeverities, reportFindings, sarifReport, textReport, type ReportedFinding } from './lint-report.ts';
import { findSourceFiles } from '../language-server/node-source-files.ts';
import { replaceFile } from './write-file.ts';

export const command: Command = {
  name: 'lint',
  positional: 'PATH...',
  summary: 'Reports sensitive instructions in assembly, C and headers.',
  options: {
    format: { value: 'FORMAT', help: 'text (default), json or sarif' },
    fix: { help: 'replace what can be replaced, as "trapline patch" does' },
    severity: { value: 'LIST', help: 'severities, as in lpv-mrs=error,lpv-cps=off; lpv=LEVEL is all that need a trap' },
    baseline: { value: 'FILE', help: 'report only findings that are not in this file' },
    'write-baseline': { value: 'FILE', help: 'write all findings to this file' },
    summary: { help: 'say on stderr how many findings there are of each class' },
    info: { help: 'text: also what traps already, and what is kept' },
    ...SOURCE_OPTIONS,
  },
  notes:
    'Exit code: 1 when there are findings, 0 when there are none. Severity info does not count.\n' +
    'A comment "lpv: keep REASON" on a line, or alone on the line before, keeps an instruction.\n' +
    'Files and folders that .lpvignore names, as .gitignore would, are left out.',
  run,
};

/** What identifies a finding when lines above it change: its file, its rule and its text. */
function fingerprint({ file, rule, message }: ReportedFinding): string {
  return `${file}\t${rule}\t${message.replace(/ Expanded \d+ times?\./, '')}`;
}

function readBaseline(path: string): Map<string, number> {
  if (!existsSync(path))
    throw new InputError('there is no such baseline', { file: path, remedy: 'Make it with --write-baseline' });
  const counts = new Map<string, number>();
  let entries: unknown;
  try {
    entries = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    entries = undefined;
  }
  if (!Array.isArray(entries))
    throw new InputError('not a baseline', { file: path, remedy: 'Make it with --write-baseline' });
  for (const entry of entries) counts.set(String(entry), (counts.get(String(entry)) ?? 0) + 1);
  return counts;
}

/** Takes out what a baseline has, each entry once. */
function withoutBaseline(findings: readonly ReportedFinding[], baseline: Map<string, number>): ReportedFinding[] {
  return findings.filter((finding) => {
    const key = fingerprint(finding);
    const left = baseline.get(key) ?? 0;
    if (left > 0) baseline.set(key, left - 1);
    return left === 0;
  });
}

/** How many findings there are: of each rule, and in how many files. */
function summaryOf(findings: readonly ReportedFinding[], files: number): string {
  const counts = new Map<string, number>();
  for (const { rule } of findings) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  const rules = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([rule, count]) => `${rule} ${count}`);
  const places = new Set(findings.map(({ file }) => file)).size;
  const list = rules.length > 0 ? `: ${rules.join(', ')}` : '';
  return `trapline: ${findings.length} findings in ${places} of ${files} files${list}\n`;
}

async function run(args: ParsedArguments): Promise<number> {
  const paths = requiredPaths(args, 'lint');
  const format = args.choice('format', ['text', 'json', 'sarif']) ?? 'text';
  const severities = readSeverities(args.text('severity'));
  if (args.has('fix')) {
    if (args.has('write-baseline')) throw new UsageError('--fix and --write-baseline exclude each other.');
    const { patchTrees } = await import('./patch-sources.ts');
    await patchTrees(args, { restore: false, diff: false, quiet: true });
  }
  const files = findSourceFiles(paths);
  const { findings, problems } = (await lintAs(args, files, true)).result();
  let reported = reportFindings(findings, severities, process.cwd());
  const writeTo = args.text('write-baseline');
  if (writeTo !== undefined) replaceFile(writeTo, `${JSON.stringify(reported.map(fingerprint), undefined, 1)}\n`);
  const baseline = args.text('baseline');
  if (baseline !== undefined) reported = withoutBaseline(reported, readBaseline(baseline));
  for (const { source, start, message } of problems) {
    const { line, column } = source.position(start);
    process.stderr.write(`${source.path}:${line}:${column}: ${message}\n`);
  }
  if (args.has('summary')) process.stderr.write(summaryOf(reported, files.length));
  if (format === 'json') process.stdout.write(`${JSON.stringify(reported, undefined, 2)}\n`);
  else if (format === 'sarif') {
    const { default: manifest } = await import('../package.json', { with: { type: 'json' } });
    process.stdout.write(sarifReport(reported, manifest.version));
  } else
    process.stdout.write(
      textReport(args.has('info') ? reported : reported.filter(({ severity }) => severity !== 'info')),
    );
  return reported.some(({ severity }) => severity !== 'info') ? ExitCode.guestFailed : ExitCode.ok;
}
