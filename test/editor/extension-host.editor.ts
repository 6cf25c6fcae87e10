/** The tests of extension/host-tests inside real extension hosts. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { bundleHostTests, runInExtensionHost } from './extension-host.ts';
import { makeHostWorkspace } from './guests.ts';
import { editorOrSkip, type Editor } from './install.ts';
import { startServer, type Server } from './server.ts';
import { ROOT } from './workbench.ts';

/** The server offers both hosts; a setting moves the extension into the browser. */
const RUNS_IN = { node: {}, web: { 'remote.extensionKind': { 'trapline.trapline': ['web'] } } };
const TIMEOUT_MS = 420_000;

describe('the extension in an extension host', function () {
  this.timeout(TIMEOUT_MS + 30_000);
  let editor: Editor;
  let server: Server | undefined;

  before(async function () {
    this.timeout(900_000);
    editor = editorOrSkip(this);
  });
  afterEach(async () => server?.stop());

  for (const kind of ['node', 'web'] as const) {
    it(`passes its tests: ${kind}`, async () => {
      const { folder, open } = makeHostWorkspace();
      server = await startServer(editor, { settings: RUNS_IN[kind] });
      try {
        const tests = await bundleHostTests(kind);
        const { code, output } = await runInExtensionHost(editor, server, {
          ...{ kind, folder: open, tests, extension: ROOT, timeout: TIMEOUT_MS },
        });
        if (process.env['TRAPLINE_VERBOSE'] || code !== 0) process.stderr.write(output);
        assert.equal(code, 0);
        assert.match(output, /\b\d+ passing\b/);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});
