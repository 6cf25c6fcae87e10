/** The language server's features, as the editor shows them. */
import * as vscode from 'vscode';
import { check, equal, fileOf, until } from './check.ts';

const ours = (uri: vscode.Uri): vscode.Diagnostic[] =>
  vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'trapline');

const codeOf = ({ code }: vscode.Diagnostic): unknown => (typeof code === 'object' ? code.value : code);

async function open(path: string, text: string): Promise<vscode.TextDocument> {
  const uri = fileOf(path);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document);
  return document;
}

const found = (uri: vscode.Uri): Promise<vscode.Diagnostic[]> =>
  until(
    `findings in ${uri.path}`,
    () => ours(uri),
    (diagnostics) => diagnostics.length > 0,
  );

describe('assembly in the editor', () => {
  it('underlines a sensitive instruction, and replaces it by its trap', async () => {
    const document = await open('squiggle.S', '\t.text\n\t.arm\nentry:\n\tmrs\tr2, cpsr\n\tbx\tlr\n');
    equal(document.languageId, 'arm', 'language');
    const [finding] = await found(document.uri);
    equal([finding.range.start.line, codeOf(finding)], [3, 'lpv-mrs'], 'line and rule');
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      document.uri,
      finding.range,
      vscode.CodeActionKind.QuickFix.value,
    );
    const fix = actions.find(({ isPreferred }) => isPreferred);
    check(fix?.edit, `a preferred fix: ${actions.map(({ title }) => title).join('; ')}`);
    await vscode.workspace.applyEdit(fix.edit);
    equal(document.lineAt(3).text, '\tswi\t0x022000 /* lpv: mrs\tr2, cpsr */', 'the line after the fix');
    await until(
      'the finding goes',
      () => ours(document.uri).map(codeOf),
      (codes) => !codes.includes('lpv-mrs'),
    );
    await document.save();
    const saved = new TextDecoder().decode(await vscode.workspace.fs.readFile(document.uri));
    equal(saved, document.getText(), 'the file');
  });

  it('explains an instruction', async () => {
    const document = await open('hover.S', '\tmrc p15, 0, r0, c2, c0, 0\n');
    await found(document.uri);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      new vscode.Position(0, 2),
    );
    const text = hovers.flatMap(({ contents }) => contents.map((part) => (part as vscode.MarkdownString).value)).join();
    check(/MRC: Move from a coprocessor register/.test(text) && /Sensitive/.test(text), `hover: ${text.slice(0, 300)}`);
  });

  it('looks into asm statements of C, and leaves the rest of C to others', async () => {
    const text =
      'static int\n  odd( void ){ unsigned v;\n  asm volatile("mrs %0, cpsr" : "=r"(v)); return v; }\nint name_of_c;\n';
    const document = await open('inline.c', text);
    const [finding] = await found(document.uri);
    equal(finding.range.start.line, 2, 'line');
    const edits = await vscode.commands.executeCommand<vscode.TextEdit[] | undefined>(
      'vscode.executeFormatDocumentProvider',
      document.uri,
      { tabSize: 8, insertSpaces: false },
    );
    equal(edits ?? [], [], 'edits of a formatter');
    const symbols = await vscode.commands.executeCommand<unknown[] | undefined>(
      'vscode.executeDocumentSymbolProvider',
      document.uri,
    );
    equal(symbols ?? [], [], 'symbols');
  });

  it('takes settings at once', async () => {
    const document = await open('severity.S', '\tmrs r0, cpsr\n');
    await found(document.uri);
    const settings = vscode.workspace.getConfiguration('trapline');
    const target = vscode.ConfigurationTarget.Workspace;
    await settings.update('lint.severity', { lpv: 'off' }, target);
    try {
      await until(
        'no finding',
        () => ours(document.uri).length,
        (count) => count === 0,
      );
    } finally {
      await settings.update('lint.severity', undefined, target);
    }
    await found(document.uri);
  });
});
