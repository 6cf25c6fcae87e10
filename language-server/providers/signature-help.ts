/** Signature help: operands of instructions, parameters of macros of either language. */
import type { SignatureHelp, SignatureInformation } from 'vscode-languageserver';
import { instructionsNamed } from '../../isa/instruction-names.ts';
import { hoverFor } from '../../isa/hover.ts';
import { operandNames } from '../../isa/operand-names.ts';
import { DIRECTIVES } from '../index/words.ts';
import type { Source } from '../parse/source.ts';
import { offsetAt, type Workspace } from '../workspace/workspace.ts';
import { statementAt } from './hover.ts';
import { lineIndexAt } from '../index/file-index.ts';
import type { Provider } from './provider.ts';

function signature(name: string, parameters: readonly string[], documentation: string): SignatureInformation {
  let label = name;
  const ranges = parameters.map((parameter, i): [number, number] => {
    label += i === 0 ? ' ' : ', ';
    const start = label.length;
    label += parameter;
    return [start, label.length];
  });
  return { label, documentation, parameters: ranges.map((range) => ({ label: range })) };
}

/** How many commas outside brackets a text has, and how many parentheses are open. */
function position(text: string): number {
  let [commas, depth] = [0, 0];
  for (const char of text.slice(0, 2000)) {
    if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth--;
    else if (char === ',' && depth === 0) commas++;
  }
  return commas;
}

function instruction(name: string, operands: string): SignatureHelp | undefined {
  const found = instructionsNamed(name);
  if (!found) return undefined;
  const active = position(operands);
  const unique = new Map(
    found.map((named) => {
      const made = signature(name, operandNames(named.operands), hoverFor(named.row, named.row.value).title);
      return [made.label, made];
    }),
  );
  const signatures = [...unique.values()];
  // The form that what is typed fits best: immediates begin with #, addresses with a bracket.
  const last = operands.slice(operands.lastIndexOf(',') + 1).trim();
  const fits = signatures.findIndex(({ parameters = [], label }) => {
    const at = parameters[active]?.label as [number, number] | undefined;
    const text = at ? label.slice(at[0], at[1]) : '';
    return (
      at &&
      (last === '' ||
        (last.startsWith('#')
          ? text.startsWith('#')
          : last.startsWith('[')
            ? text.startsWith('[')
            : /^[A-Zl]/.test(text)))
    );
  });
  return { signatures, activeSignature: Math.max(0, fits), activeParameter: active };
}

function call(workspace: Workspace, source: Source, before: string): SignatureHelp | undefined {
  const open = /([A-Za-z_]\w*)\(([^()]*)$/.exec(before.slice(-2000));
  if (!open) return undefined;
  const macro = workspace.analysisOf(source).unit?.defines.get(open[1]);
  if (!macro?.parameters) return undefined;
  const made = signature(`${open[1]}(`, macro.parameters, macro.body.slice(0, 300));
  const signatures = [{ ...made, label: `${made.label})` }];
  return { signatures, activeSignature: 0, activeParameter: position(open[2]) };
}

export const signatureHelp: Provider = ({ connection, workspace }) => {
  connection.onSignatureHelp(({ textDocument, position: at }) => {
    const source = workspace.assemblyOf(textDocument.uri);
    if (!source) return null;
    const offset = offsetAt(source, at);
    const line = source.lines[lineIndexAt(source, offset)];
    const statement = statementAt(source, offset);
    if (!line || !statement) return null;
    const inCall = call(workspace, source, line.text.slice(0, offset - line.start));
    if (inCall) return inCall;
    const { kind, name, operandStart } = statement;
    if (offset - line.start < operandStart) return null;
    const operands = line.text.slice(operandStart, offset - line.start);
    const macro = workspace.analysisOf(source).unit?.assembler.macros.get(name);
    if (macro) {
      const parameters = macro.parameters.map(
        ({ name: own, required, vararg, default: otherwise }) =>
          `${own}${required ? ':req' : vararg ? ':vararg' : ''}${otherwise === '' ? '' : `=${otherwise}`}`,
      );
      const where = `${workspace.display(macro.source.path)}:${macro.line + 1}`;
      return {
        signatures: [signature(macro.name, parameters, where)],
        activeSignature: 0,
        activeParameter: position(operands),
      };
    }
    if (kind === 'directive') {
      const known = DIRECTIVES.get(name);
      if (!known || known[0] === '') return null;
      const made = signature(name, known[0].split(/, (?![^{]*\})/), known[1]);
      return { signatures: [made], activeSignature: 0, activeParameter: position(operands) };
    }
    return kind === 'instruction' ? (instruction(name, operands) ?? null) : null;
  });
  return { signatureHelpProvider: { triggerCharacters: [' ', '\t', ',', '('], retriggerCharacters: [','] } };
};
