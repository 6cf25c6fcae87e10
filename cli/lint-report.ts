/** Findings as text, JSON and SARIF. */
import { relative } from 'node:path';
import { messageOf, replacedText, type Finding, type Place } from '../language-server/rules/finding.ts';
import { RULES, SEVERITIES, type Severity } from '../language-server/rules/rules.ts';
import { severityOf } from '../language-server/rules/severity.ts';
import { UsageError } from './command.ts';

/** A finding as the JSON format has it. Positions are 1-based; `endColumn` is behind the last character. */
export interface ReportedFinding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  /** The statement with its trap; null when there is no automatic fix. */
  readonly replacement: string | null;
  readonly expansions?: readonly Place[];
  readonly inactive?: true;
  /** Why it must stay. Such findings have severity info. */
  readonly keep?: string;
}

/** Severities that the user has chosen, by rule; `lpv` is all of them. */
export function readSeverities(text: string | undefined): ReadonlyMap<string, Severity> {
  const chosen = new Map<string, Severity>();
  for (const part of (text ?? '').split(',').filter((word) => word !== '')) {
    const [rule, level] = part.split('=');
    const severity = SEVERITIES.find((name) => name === level);
    if (!severity) throw new UsageError(`--severity takes RULE=${SEVERITIES.join('|')}, not "${part}".`);
    if (rule !== 'lpv' && !RULES.some(({ id }) => id === rule)) {
      throw new UsageError(
        `--severity: there is no rule "${rule}"; rules are named ${RULES[0].id}, ${RULES[1].id} and so on.`,
      );
    }
    chosen.set(rule, severity);
  }
  return chosen;
}

/** Findings for a report, without those that are switched off. */
export function reportFindings(
  findings: readonly Finding[],
  severities: ReadonlyMap<string, Severity>,
  folder: string,
): ReportedFinding[] {
  const names = new Map<string, string>();
  const shown = (path: string): string => {
    let name = names.get(path);
    if (name === undefined) names.set(path, (name = relative(folder, path) || path));
    return name;
  };
  return findings.flatMap((finding): ReportedFinding[] => {
    const { source, start, end, rule, expansions } = finding;
    const severity = severityOf(finding, severities);
    if (severity === 'off') return [];
    const from = source.position(start);
    const to = source.position(end);
    return [
      {
        file: shown(source.path),
        line: from.line,
        column: from.column,
        endLine: to.line,
        endColumn: to.column,
        rule: rule.id,
        severity,
        message: messageOf(finding),
        replacement: replacedText(finding) ?? null,
        ...(expansions && { expansions: expansions.map(({ file, line }) => ({ file: shown(file), line })) }),
        ...(finding.inactive && { inactive: true as const }),
        ...(finding.keep !== undefined && { keep: finding.keep }),
      },
    ];
  });
}

/** One line a finding, as compilers print theirs. */
export function textReport(findings: readonly ReportedFinding[]): string {
  return findings
    .map(({ file, line, column, severity, message, rule, keep }) => {
      const kept = keep === undefined ? '' : ` Kept: ${keep}.`;
      return `${file}:${line}:${column}: ${severity}: ${message}${kept} [${rule}]\n`;
    })
    .join('');
}

const SARIF_LEVELS: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
  off: 'none',
};

/** SARIF 2.1.0 (OASIS), with all rules and a fix for each finding that has one. */
export function sarifReport(findings: readonly ReportedFinding[], version: string): string {
  const rules = RULES.map(({ id, title, explanation, section, url, severity, consequence }) => ({
    id,
    shortDescription: { text: title },
    fullDescription: { text: explanation },
    help: { text: `${explanation} See ${section}.` },
    helpUri: url,
    properties: { consequence },
    defaultConfiguration: { level: SARIF_LEVELS[severity] },
  }));
  const results = findings.map((finding) => {
    const region = {
      startLine: finding.line,
      startColumn: finding.column,
      endLine: finding.endLine,
      endColumn: finding.endColumn,
    };
    const artifactLocation = { uri: encodeURI(finding.file) };
    return {
      ruleId: finding.rule,
      ruleIndex: RULES.findIndex(({ id }) => id === finding.rule),
      level: SARIF_LEVELS[finding.severity],
      message: { text: finding.message },
      locations: [{ physicalLocation: { artifactLocation, region } }],
      ...(finding.expansions && {
        relatedLocations: finding.expansions.map(({ file, line }) => ({
          message: { text: 'expanded here' },
          physicalLocation: { artifactLocation: { uri: encodeURI(file) }, region: { startLine: line } },
        })),
      }),
      ...(finding.keep !== undefined && { suppressions: [{ kind: 'inSource', justification: finding.keep }] }),
      ...(finding.replacement !== null && {
        fixes: [
          {
            description: { text: 'Replace by the trap' },
            artifactChanges: [
              {
                artifactLocation,
                replacements: [{ deletedRegion: region, insertedContent: { text: finding.replacement } }],
              },
            ],
          },
        ],
      }),
    };
  });
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Trapline', semanticVersion: version, rules } },
        columnKind: 'utf16CodeUnits',
        results,
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}
