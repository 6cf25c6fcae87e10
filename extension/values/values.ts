/** Values in the text while the guest stands: behind its lines, and under the mouse in assembly. */
import * as vscode from 'vscode';
import { functionStart, registerExpression, registersOf, variablesOf } from './names.ts';

const C: vscode.DocumentSelector = [{ language: 'c' }, { language: 'cpp' }];

/** Registers them; both are asked only in debug sessions. */
export function registerValues(debugType: string, assembly: vscode.DocumentSelector): vscode.Disposable[] {
  /** Other debuggers have providers of their own. */
  const isOurs = (): boolean => vscode.debug.activeDebugSession?.type === debugType;
  return [
    vscode.languages.registerInlineValuesProvider(C, {
      provideInlineValues: (document, viewport, { stoppedLocation }) =>
        isOurs() ? variablesBefore(document, viewport, stoppedLocation.end.line) : [],
    }),
    vscode.languages.registerInlineValuesProvider(assembly, {
      provideInlineValues: (document, _viewport, { stoppedLocation }) =>
        isOurs() ? registersAt(document, stoppedLocation.start.line) : [],
    }),
    vscode.languages.registerEvaluatableExpressionProvider(assembly, {
      provideEvaluatableExpression: (document, position) => {
        const range = isOurs() ? document.getWordRangeAtPosition(position, /[A-Za-z_.$][\w.$]*/) : undefined;
        if (!range) return undefined;
        const word = document.getText(range);
        return new vscode.EvaluatableExpression(range, registerExpression(word) ?? word);
      },
    }),
  ];
}

/** The variables of the function in which the guest stands, up to where it stands. */
function variablesBefore(document: vscode.TextDocument, viewport: vscode.Range, last: number): vscode.InlineValue[] {
  const first = functionStart((line) => document.lineAt(line).text, last);
  const values: vscode.InlineValue[] = [];
  for (let line = Math.max(first, viewport.start.line); line <= Math.min(last, viewport.end.line); line++) {
    for (const { name, start, end } of variablesOf(document.lineAt(line).text)) {
      values.push(new vscode.InlineValueVariableLookup(new vscode.Range(line, start, line, end), name, true));
    }
  }
  return values;
}

/** The registers of the instruction that comes next; what those before have named may be something else by now. */
function registersAt(document: vscode.TextDocument, line: number): vscode.InlineValue[] {
  return registersOf(document.lineAt(line).text).map(
    ({ name, start, end }) =>
      new vscode.InlineValueEvaluatableExpression(new vscode.Range(line, start, line, end), registerExpression(name)),
  );
}
