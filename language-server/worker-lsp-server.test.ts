/** The server of the browser: the bundle in a world without Node, and a client that has the files. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import type { CodeAction, Diagnostic, WorkspaceDiagnosticReport } from 'vscode-languageserver';
import type { ListFilesParams, ReadFilesParams } from './protocol.ts';

const BUNDLE = fileURLToPath(new URL('../dist/lsp-worker.js', import.meta.url));

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** A worker made of the bundle, with what browsers give workers, and the client at its other end. */
class BrowserClient {
  readonly files: Map<string, string>;
  /** Files that have been read, in order, and how many requests did it. */
  readonly reads: string[] = [];
  rounds = 0;
  closed = false;
  private readonly scope: { onmessage?: (event: { data: unknown }) => void };
  private readonly waiting = new Map<
    number | string,
    { resolve: (value: unknown) => void; reject: (e: Error) => void }
  >();
  private id = 0;

  constructor(files: Readonly<Record<string, string>>) {
    this.files = new Map(Object.entries(files).map(([name, text]) => [this.uri(name), text]));
    const scope: Record<string, unknown> = {
      setTimeout,
      clearTimeout,
      performance,
      console,
      TextDecoder,
      TextEncoder,
      queueMicrotask,
      postMessage: (message: unknown) => queueMicrotask(() => this.receive(structuredClone(message) as Message)),
      addEventListener: () => undefined,
      close: () => (this.closed = true),
    };
    scope.self = scope;
    this.scope = scope;
    runInContext(readFileSync(BUNDLE, 'utf8'), createContext(scope));
  }

  uri(name: string): string {
    return `vscode-vfs://github/a/b/${name}`;
  }

  private post(message: object): void {
    setTimeout(() => this.scope.onmessage?.({ data: structuredClone({ jsonrpc: '2.0', ...message }) }), 0);
  }

  private receive({ id, method, params, result, error }: Message): void {
    if (method !== undefined) {
      if (id !== undefined) this.post({ id, result: this.answer(method, params) });
      return;
    }
    const request = this.waiting.get(id!);
    if (error) request?.reject(new Error(error.message));
    else request?.resolve(result);
  }

  private answer(method: string, params: unknown): unknown {
    if (method === 'trapline/listFiles') {
      assert.deepEqual(params, { folders: ['vscode-vfs://github/a/b'] } satisfies ListFilesParams);
      return { files: [...this.files.keys()] };
    }
    if (method === 'trapline/readFiles') {
      const { files } = params as ReadFilesParams;
      this.rounds++;
      this.reads.push(...files.map((uri) => uri.slice(this.uri('').length)));
      return { texts: files.map((uri) => this.files.get(uri) ?? null) };
    }
    return method === 'workspace/configuration' ? [{}] : null;
  }

  request<T>(method: string, params: unknown): Promise<T> {
    const id = ++this.id;
    this.post({ id, method, params });
    return new Promise((resolve, reject) =>
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject }),
    );
  }

  notify(method: string, params: unknown): void {
    this.post({ method, params });
  }

  async start(): Promise<void> {
    const folder = { uri: 'vscode-vfs://github/a/b', name: 'b' };
    const capabilities = {
      textDocument: { diagnostic: {} },
      workspace: { workspaceFolders: true, configuration: true, diagnostics: { refreshSupport: true } },
    };
    await this.request('initialize', {
      processId: null,
      rootUri: folder.uri,
      workspaceFolders: [folder],
      capabilities,
    });
    this.notify('initialized', {});
  }

  async open(name: string): Promise<void> {
    const textDocument = { uri: this.uri(name), languageId: 'arm', version: 1, text: this.files.get(this.uri(name)) };
    this.notify('textDocument/didOpen', { textDocument });
    return Promise.resolve();
  }

  async diagnostics(name: string): Promise<readonly Diagnostic[]> {
    const { items } = await this.request<{ items: Diagnostic[] }>('textDocument/diagnostic', {
      textDocument: { uri: this.uri(name) },
    });
    return items;
  }
}

const KERNEL = {
  'arch/arm/kernel/entry.S':
    '#include <asm/one.h>\n#include "local.h"\n\tsave r3\n#ifdef CONFIG_RESTORE\n\tmsr cpsr_c, r4\n#endif\n',
  'arch/arm/kernel/local.h': '#define MODE 0xd3\n',
  'arch/arm/include/asm/one.h': '#include <asm/two.h>\n',
  'arch/arm/include/asm/two.h': '\t.macro save rd\n\tmrs \\rd, cpsr\n\t.endm\n',
  'arch/arm/Makefile': 'obj-y := a.o\n',
  'include/linux/kconfig.h': '\n',
  '.config': 'CONFIG_RESTORE=y\n',
  'arch/x86/kernel/entry.S': '\tcpsid i\n',
  'old/kept.S': '\tcpsid i\n',
  '.lpvignore': 'old\n',
};

describe('the language server in a browser worker', function () {
  this.timeout(20_000);

  it('reads files of the client as it needs them, and answers when it has them all', async () => {
    const client = new BrowserClient(KERNEL);
    await client.start();
    await client.open('arch/arm/kernel/entry.S');
    const found = await client.diagnostics('arch/arm/kernel/entry.S');
    assert.deepEqual(
      found.map(({ code, range }) => [code, range.start.line]),
      [['lpv-msr', 4]],
      'the configuration has been read, too',
    );
    assert.ok(client.reads.includes('arch/arm/include/asm/two.h'), 'includes of includes have been read');
    assert.equal(client.reads.length, new Set(client.reads).size, 'each file once');
    assert.ok(!client.reads.includes('arch/x86/kernel/entry.S'));
    const [action] = await client.request<CodeAction[]>('textDocument/codeAction', {
      textDocument: { uri: client.uri('arch/arm/kernel/entry.S') },
      range: found[0].range,
      context: { diagnostics: found },
    });
    assert.equal(action.title, 'Replace by its trap: swi 0x014004');
  });

  it('reports on the workspace, without what is ignored or of other architectures', async () => {
    const client = new BrowserClient(KERNEL);
    await client.start();
    const { items } = await client.request<WorkspaceDiagnosticReport>('workspace/diagnostic', {
      previousResultIds: [],
    });
    const found = items.flatMap((item) =>
      item.kind === 'full' ? item.items.map(({ code }) => `${item.uri.slice(client.uri('').length)} ${code}`) : [],
    );
    assert.deepEqual(found.sort(), ['arch/arm/include/asm/two.h lpv-mrs', 'arch/arm/kernel/entry.S lpv-msr']);
  });

  it('looks again when a file changes, comes or goes', async () => {
    const client = new BrowserClient(KERNEL);
    await client.start();
    await client.open('arch/arm/kernel/entry.S');
    assert.equal((await client.diagnostics('arch/arm/kernel/entry.S')).length, 1);
    client.files.set(client.uri('arch/arm/kernel/local.h'), '#undef CONFIG_RESTORE\n');
    client.notify('workspace/didChangeWatchedFiles', {
      changes: [{ uri: client.uri('arch/arm/kernel/local.h'), type: 2 }],
    });
    const after = await client.diagnostics('arch/arm/kernel/entry.S');
    assert.match(JSON.stringify(after), /The configuration disables/);
    client.files.delete(client.uri('arch/arm/kernel/local.h'));
    client.notify('workspace/didChangeWatchedFiles', {
      changes: [{ uri: client.uri('arch/arm/kernel/local.h'), type: 3 }],
    });
    assert.doesNotMatch(
      JSON.stringify(await client.diagnostics('arch/arm/kernel/entry.S')),
      /The configuration disables/,
    );
  });

  it('ends when the client says so', async () => {
    const client = new BrowserClient({});
    await client.start();
    await client.request('shutdown', undefined);
    client.notify('exit', undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(client.closed);
  });
});
