/** Findings of a file as the editor shows them: a header's with what is known of the files that read it. */
import type { Source } from '../parse/source.ts';
import type { Finding } from '../rules/finding.ts';
import type { Analysis } from './analysis.ts';
import type { Workspace } from './workspace.ts';

export interface FileFindings {
  readonly findings: readonly Finding[];
  readonly analysis: Analysis;
  /** The same as long as the findings are. */
  readonly id: string;
}

/** Findings of a source. With `light`, its unit is not kept. */
export function findingsOf(workspace: Workspace, source: Source, light = false): FileFindings {
  const { analyses } = workspace;
  const analysis = light ? analyses.lightOf(source) : analyses.of(source);
  if (source.language !== 'header') return { findings: analysis.findings, analysis, id: String(analysis.id) };
  const readers = [...analyses.including(source)];
  const merged = new Map(analysis.findings.map((finding) => [finding.start, finding]));
  for (const { lint } of readers) {
    for (const finding of lint.findings) {
      if (finding.source !== source) continue;
      const known = merged.get(finding.start);
      merged.set(finding.start, known ? merge(known, finding) : finding);
    }
  }
  const findings = [...merged.values()].sort((a, b) => a.start - b.start);
  return { findings, analysis, id: [analysis, ...readers].map(({ id }) => id).join('.') };
}

function merge(a: Finding, b: Finding): Finding {
  const expansions = a.expansions || b.expansions ? [...(a.expansions ?? []), ...(b.expansions ?? [])] : undefined;
  return {
    ...a,
    classes: new Set([...a.classes, ...b.classes]),
    words: new Set([...a.words, ...b.words]),
    occurrences: [...a.occurrences, ...b.occurrences],
    expansions,
    inactive: a.inactive && b.inactive,
    keep: a.keep ?? b.keep,
    replacement: a.replacement ?? b.replacement,
  };
}
