/** `npm run images`: draws the SVG files of this list as PNG files, where an SVG is not allowed. Needs Chromium. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const IMAGES = [
  { svg: 'extension/media/icon.svg', png: 'extension/media/icon.png', width: 256, height: 256 },
  { svg: 'docs/images/architecture.svg', png: 'docs/images/architecture.png', width: 1280, height: undefined },
];

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 1280 } });
for (const { svg, png, width, height } of IMAGES) {
  const source = readFileSync(join(ROOT, svg)).toString('base64');
  const size = height === undefined ? `width:${width}px` : `width:${width}px;height:${height}px`;
  await page.setContent(
    `<body style="margin:0"><img style="${size};display:block" src="data:image/svg+xml;base64,${source}"></body>`,
  );
  await page.locator('img').screenshot({ path: join(ROOT, png), omitBackground: true });
  console.log(`drew ${png}`);
}
await browser.close();
