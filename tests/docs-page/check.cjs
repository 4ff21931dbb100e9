// Drives the page: node check.cjs URL DIRECTORY [PICTURE]. PICTURE is the file that the README's picture of the page goes to.
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');

const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [url, directory, picture] = process.argv.slice(2);

// What a person does up to an apply, in this order.
const JOB = ['login', 'listCapturableUsers', 'createSnapshot', 'getApplyReferences', 'planSnapshot', 'applySnapshot', 'listApplies', 'undoApply'];

// What axe finds that keeps somebody from using the page. It runs beside the page's policy, which lets no other script in.
async function barriers(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', ')}`);
}

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
  await browser.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: url });
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
  assert.deepEqual(await page.locator('article:visible').evaluateAll((all) => all.map((it) => it.id)), ['changeUser', 'inviteUser', 'applySnapshot']);
  await page.fill('#search', 'email_taken xyzzy');
  assert.ok(await page.locator('#nothing').isVisible());
  await page.fill('#search', '');
  assert.equal(await page.locator('article:visible').count(), routes);

  // The menu has every route once, with its method and path, in the order of the job.
  const entries = await page.locator('#menu li').evaluateAll((all) => all.map((entry) => [entry.dataset.operation, entry.textContent]));
  const menu = new Map(entries);
  assert.equal(entries.length, routes);
  assert.equal(menu.size, routes);
  for (const [route, item] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      assert.equal(menu.get(operation.operationId), `${operation.summary}${method.toUpperCase()} ${route}`);
    }
  }
  const order = [...menu.keys()].filter((operation) => JOB.includes(operation));
  assert.deepEqual(order, JOB);

  // Every piece of code can be copied.
  const buttons = page.locator('.copy');
  assert.equal(await buttons.count(), await page.locator('pre').count());
  await page.locator('#createSnapshot .copy').first().click();
  await page.waitForFunction(() => document.querySelector('#createSnapshot .copy').textContent === 'Copied');
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^curl -X POST \$API\/api\/user-snapshots \\\n[^]*"sourceUserId"[^]*}'$/);

  const send = async (operation, fields) => {
    const form = page.locator(`#${operation} .attempt`);
    for (const [name, value] of Object.entries(fields)) await form.locator(`[name="${name}"]`).fill(value);
    await form.getByRole('button', { name: 'Send' }).click();
    const output = form.locator('output pre');
    await page.waitForFunction((element) => element.textContent.length > 1, await output.elementHandle());
    return output.innerText();
  };
  const field = (operation, name) => page.locator(`#${operation} .attempt [name="${name}"]`);
  const offered = (operation, name) => field(operation, name).evaluate((input) => [...input.list.options].map(({ value }) => value));
  const who = (text) => page.waitForFunction((text) => document.querySelector('#who').textContent === text, text);

  // Signing in by the form at the left, and from then on as somebody else by the route's own form: the last token counts.
  await page.click('#sign-in summary');
  await page.fill('#sign-in [name=email]', 'pat@acme.example');
  await page.fill('#sign-in [name=password]', 'Demo-Pass-2026!');
  await page.click('#sign-in button');
  await who('pat@acme.example, ADMIN');
  assert.deepEqual(await offered('listCapturableUsers', 'orgId'), ['64ee9a8b1e7f2a0011223344']);
  assert.match(await send('login', { body: '{"email": "sam@globex.example", "password": "Demo-Pass-2026!"}' }), /^200 OK/);
  await who('sam@globex.example, SUPERADMIN');

  // The main job, with ids that nobody types.
  assert.match(await send('listCapturableUsers', { orgId: '64ee9a8b1e7f2a0011223344' }), /^200 OK[^]*alex@acme\.example/);
  const created = await send('createSnapshot', {});
  assert.match(created, /^201 Created\netag: "1\.1"/);
  const id = /"_id": "([0-9a-f]{24})"/.exec(created)[1];
  for (const operation of ['getSnapshot', 'getApplyReferences', 'planSnapshot', 'applySnapshot', 'listApplies', 'undoApply']) {
    assert.deepEqual([await field(operation, 'id').inputValue(), ...await offered(operation, 'id')], [id, id], operation);
  }
  assert.deepEqual(await offered('renameSnapshot', 'If-Match'), ['"1.1"']);
  assert.equal(await field('renameSnapshot', 'If-Match').inputValue(), '', 'a condition is offered and not put in');
  assert.match(await send('listSnapshots', { limit: '1' }), new RegExp(`^200 OK[^]*"_id": "${id}"`));
  const planned = await send('planSnapshot', {});
  assert.match(planned, /^200 OK\netag: "[0-9a-f]{64}"/);
  assert.equal((await offered('applySnapshot', 'If-Match'))[0], /etag: (.*)/.exec(planned)[1]);
  const applied = await send('applySnapshot', {});
  assert.match(applied, /^201 Created[^]*"automations": 5/);
  const apply = /"applyId": "([0-9a-f]{24})"/.exec(applied)[1];
  assert.equal(await field('undoApply', 'applyId').inputValue(), apply);
  await page.locator('#applySnapshot').screenshot({ path: path.join(directory, 'apply.png') });
  // What a person wrote stays, whatever is answered later.
  await field('getSnapshot', 'id').fill('665f1a0c0e0a4b001a2c9f80');
  assert.match(await send('undoApply', {}), /^200 OK[^]*"Apply undone"/);
  const second = /"_id": "([0-9a-f]{24})"/.exec(await send('createSnapshot', {}))[1];
  assert.equal(await field('getSnapshot', 'id').inputValue(), '665f1a0c0e0a4b001a2c9f80');
  assert.deepEqual(await offered('getSnapshot', 'id'), [second, id]);
  assert.deepEqual(troubles, []);
  // From here on answers are errors, which a browser shows on the console.
  assert.match(await send('renameSnapshot', { 'If-Match': '"7"' }), /^412 [^]*precondition_failed/);
  const others = troubles.filter((trouble) => !trouble.includes('status of 412'));
  assert.deepEqual(others, []);

  // Neither token nor ids are kept anywhere but in the page.
  assert.deepEqual(await browser.storageState(), { cookies: [], origins: [] });
  await page.reload();
  assert.deepEqual([await page.inputValue('#token'), await page.locator('#who').textContent()], ['', 'none']);
  assert.equal(await field('getSnapshot', 'id').inputValue(), '');
  assert.deepEqual(await page.evaluate(() => window.refused), []);

  // A person with a screen reader, a keyboard or weak eyes can use it, in every size and colour.
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [360, 1280]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await page.goto(`${url}/docs`);
      assert.equal(await page.locator('#menu li').first().isVisible(), width > 800, 'the menu is folded on a phone');
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `it fits ${width} pixels`);
      await page.screenshot({ path: path.join(directory, `${colorScheme}-${width}.png`) });
      // All of it, as somebody sees it who opens everything.
      await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `unfolded it fits ${width} pixels`);
      assert.deepEqual(await barriers(page), [], `${colorScheme}, ${width} pixels`);
    }
  }

  // The menu on a phone opens, leads to a route, and is out of the way again.
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`${url}/docs`);
  await page.click('#menu > summary');
  await page.screenshot({ path: path.join(directory, 'phone-menu.png') });
  await page.click('#menu [data-operation=planSnapshot] a');
  assert.equal(await page.locator('#menu li').first().isVisible(), false);
  await page.waitForFunction(() => Math.abs(document.querySelector('#planSnapshot').getBoundingClientRect().top) < 60);
  await page.screenshot({ path: path.join(directory, 'phone.png') });

  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${url}/docs`);
  if (picture) {
    await page.setViewportSize({ width: 1240, height: 700 });
    await page.locator('#createSnapshot').evaluate((article) => article.scrollIntoView({ behavior: 'instant' }));
    await page.screenshot({ path: picture, type: 'jpeg', quality: 60 });
  }
  await browser.close();
  console.log(`${routes} routes are on the page, eight of them were used from it, and axe finds no barrier; screenshots: ${directory}`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
