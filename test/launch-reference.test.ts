import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LAUNCH_ATTRIBUTES } from '../debug-adapter/dap/launch-arguments.ts';
import { readSettings } from '../language-server/settings.ts';
import { currentLaunchReference, LAUNCH_REFERENCE } from '../scripts/generate-launch-reference.ts';

interface Manifest {
  contributes: {
    debuggers: { configurationAttributes: { launch: { properties: Record<string, { description?: string }> } } }[];
    configuration: { properties: Record<string, { description?: string; markdownDescription?: string }> };
  };
}

const manifest = JSON.parse(
  readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8'),
) as Manifest;
const { debuggers, configuration } = manifest.contributes;

describe('the manifest of the extension', () => {
  it('is what docs/launch.md was generated from', () => {
    assert.equal(readFileSync(LAUNCH_REFERENCE, 'utf8'), currentLaunchReference(), 'run "npm run docs:launch"');
  });

  it('describes the launch attributes that the adapter knows, and no others', () => {
    const { properties } = debuggers[0].configurationAttributes.launch;
    assert.deepEqual(Object.keys(properties).sort(), [...LAUNCH_ATTRIBUTES].sort());
    assert.ok(Object.values(properties).every(({ description }) => description));
  });

  it('describes every setting, and the server takes each of its own', () => {
    for (const [name, { description, markdownDescription }] of Object.entries(configuration.properties)) {
      assert.ok(description ?? markdownDescription, name);
    }
    const own = [
      'includePaths',
      'defines',
      'kernelConfig',
      'buildFolder',
      'compileCommands',
      'lint.severity',
      'lint.showInactive',
    ];
    for (const name of own) {
      assert.ok(`trapline.${name}` in configuration.properties, name);
      // A value of a wrong type is refused by name: the server knows the setting.
      assert.ok(
        readSettings({ [name]: 1 })
          .problems.join(' ')
          .includes(`trapline.${name}`),
        name,
      );
    }
  });
});
