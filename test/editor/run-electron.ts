/** `npm run test:electron`: the tests of extension/host-tests in a desktop VS Code, which is downloaded from its maker. */
import { rmSync } from 'node:fs';
import { runTests } from '@vscode/test-electron';
import { bundleHostTests } from './extension-host.ts';
import { makeHostWorkspace } from './guests.ts';
import { ROOT } from './workbench.ts';

const { folder, open } = makeHostWorkspace();
try {
  await runTests({
    extensionDevelopmentPath: ROOT,
    extensionTestsPath: await bundleHostTests('node'),
    launchArgs: [open, '--disable-extensions', '--disable-workspace-trust'],
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
