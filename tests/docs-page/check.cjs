// Drives the page: node check.cjs URL DIRECTORY
'use strict';
const assert = require('node:assert/strict');
const path = require('node:path');
const { chromium } = require('playwright-core');

const [url, directory] = process.argv.slice(2);

async function main() {
  const browser = await chromium.launchPersistentContext(path.join(directory, 'profile'), {
    executablePath: '/usr/bin/chromium',
    headless: true,
    viewport: { width: 1440, height: 1000 },
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  });
  const page = await browser.newPage();
  const troubles = [];
  page.on('console', (message) => { if (message.type() === 'error') troubles.push(`console: ${message.text()}`); });
  page.on('pageerror', (error) => troubles.push(`script: ${error.message}`));
  page.on('request', (request) => { if (!request.url().startsWith(`${url}/`)) troubles.push(`request: ${request.url()}`); });
  // Records what the policy refuses, also if the console does not show it.
  await page.addInitScript(() => {
    window.refused = [];
    addEventListener('securitypolicyviolation', (event) => window.refused.push(`${event.violatedDirective} ${event.blockedURI}`));
  });

  const response = await page.goto(`${url}/docs`);
  assert.equal(response.status(), 200);
  assert.match(response.headers()['content-security-policy'], /^default-src 'none';/);

  // The page shows everything in the description.
  const description = await (await fetch(`${url}/openapi.json`)).json();
  const text = await page.locator('main').innerText();
  let routes = 0;
  for (const [route, item] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const article = page.locator(`article#${operation.operationId}`);
      assert.ok(await article.isVisible(), operation.operationId);
      const shown = await article.locator('.route').textContent();
      assert.ok(shown.startsWith(`${method.toUpperCase()} ${route}`), `${method} ${route}`);
      assert.ok(text.includes(operation.summary), operation.summary);
      routes += 1;
    }
  }
  // Links within the page lead somewhere.
  const broken = await page.$$eval('a[href^="#"]', (links) => links
    .map((link) => link.getAttribute('href'))
    .filter((href) => !document.getElementById(href.slice(1))));
  assert.deepEqual(broken, []);
  await page.screenshot({ path: path.join(directory, 'top.png') });

  // Search.
  await page.fill('#search', 'email_taken');
  assert.deepEqual(await page.locator('article:visible').evaluateAll((all) => all.map((it) => it.id)), ['applySnapshot']);
  await page.fill('#search', 'email_taken xyzzy');
  assert.ok(await page.locator('#nothing').isVisible());
  await page.fill('#search', '');
  assert.equal(await page.locator('article:visible').count(), routes);

  // Sign in, and do the main job from the page.
  await page.click('#sign-in summary');
  await page.fill('#sign-in [name=email]', 'sam@globex.example');
  await page.fill('#sign-in [name=password]', 'Demo-Pass-2026!');
  await page.click('#sign-in button');
  await page.waitForFunction(() => document.querySelector('#who').textContent === 'sam@globex.example, SUPERADMIN');
  const send = async (operation, fields) => {
    const form = page.locator(`#${operation} .attempt`);
    for (const [name, value] of Object.entries(fields)) await form.locator(`[name="${name}"]`).fill(value);
    await form.locator('button').click();
    const output = form.locator('output pre');
    await page.waitForFunction((element) => element.textContent.length > 1, await output.elementHandle());
    return output.innerText();
  };
  const created = await send('createSnapshot', {});
  assert.match(created, /^201 Created\netag: "1\.1"/);
  const id = /"_id": "([0-9a-f]{24})"/.exec(created)[1];
  assert.match(await send('listSnapshots', { limit: '1' }), new RegExp(`^200 OK[^]*"_id": "${id}"`));
  assert.match(await send('planSnapshot', { id }), /^200 OK\netag: "[0-9a-f]{64}"/);
  assert.match(await send('applySnapshot', { id }), /^201 Created[^]*"automations": 5/);
  await page.locator('#applySnapshot').screenshot({ path: path.join(directory, 'apply.png') });
  assert.deepEqual(troubles, []);
  // From here on answers are errors, which a browser shows on the console.
  assert.match(await send('renameSnapshot', { id, 'If-Match': '"7"' }), /^412 [^]*precondition_failed/);
  const others = troubles.filter((trouble) => !trouble.includes('status of 412'));
  assert.deepEqual(others, []);
  assert.deepEqual(await page.evaluate(() => window.refused), []);

  await page.screenshot({ path: path.join(directory, 'page.png'), fullPage: true });
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it fits a phone');
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: path.join(directory, 'phone.png') });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 1440, height: 1000 });
  await page.locator('#applySnapshot').scrollIntoViewIfNeeded();
  await page.screenshot({ path: path.join(directory, 'dark.png') });
  await browser.close();
  console.log(`${routes} routes are on the page, and four of them were used from it; screenshots: ${directory}`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
