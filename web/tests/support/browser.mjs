// Debian's Chromium, and what is wanted of each page in it.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { FULL } from './site.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = process.env.SIMSWARM_SCREENSHOTS ?? resolve(here, '../../../build/release/screenshots');
const CHROMIUM = process.env.SIMSWARM_CHROMIUM ?? '/usr/bin/chromium';
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 740 };
export const PATIENCE = 20_000; // ms

export async function openBrowser() {
  mkdirSync(SHOTS, { recursive: true });
  const words = ['--disable-gpu', '--disable-dev-shm-usage'];
  if (process.getuid?.() === 0) words.push('--no-sandbox');
  return chromium.launch({ executablePath: CHROMIUM, args: words });
}

// A context that remembers what must not happen in any page of it.
export async function openContext(browser, options = {}) {
  const context = await browser.newContext({ viewport: WIDE, reducedMotion: 'reduce', acceptDownloads: true, ...options });
  context.setDefaultTimeout(PATIENCE);
  context.complaints = [];
  context.expected = []; // patterns of complaints that the test brings about
  const complain = (text) => context.complaints.push(text);
  context.on('page', (page) => {
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        complain(`${message.type()} on ${page.url()}: ${message.text()} ${message.location().url}`);
      }
    });
    page.on('pageerror', (error) => complain(`exception on ${page.url()}: ${error.stack ?? error}`));
    page.on('dialog', (dialog) => {
      complain(`a dialog on ${page.url()}: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      const { hostname, protocol } = new URL(request.url());
      if (protocol !== 'data:' && hostname !== '127.0.0.1') complain(`${page.url()} asks ${request.url()}`);
    });
  });
  // Also those that are not told on the console.
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return context;
}

export function noComplaints(context) {
  const found = context.complaints.filter((text) => !context.expected.some((pattern) => pattern.test(text)));
  context.complaints.length = 0;
  context.expected.length = 0;
  assert.deepEqual(found, [], 'what a page complained of');
}

export async function logIn(page, token) {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('banner').waitFor();
}

// Nothing scrolls sideways but what has a box of its own for it.
export async function fits(page, name) {
  await page.setViewportSize(NARROW);
  const found = await page.evaluate(async () => {
    // Charts follow the size of their box a moment later.
    const isWide = () => document.documentElement.scrollWidth > document.documentElement.clientWidth;
    for (let i = 0; i < 50 && isWide(); i++) await new Promise((done) => setTimeout(done, 100));
    const room = document.documentElement.clientWidth;
    const wide = [];
    for (const one of document.querySelectorAll('body *')) {
      const { right, width } = one.getBoundingClientRect();
      if (width > 0 && right > room + 1) wide.push(`${one.tagName.toLowerCase()}.${one.className} reaches ${Math.round(right)}`);
    }
    return { room, whole: document.documentElement.scrollWidth, wide: wide.slice(0, 8) };
  });
  assert.ok(found.whole <= found.room, `${name}: at ${found.room} px the page is ${found.whole} px wide: ${found.wide.join('; ')}`);
  await page.setViewportSize(WIDE);
}

async function isUsable(page, name, rules) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  // Of long lists the first; all of them take long.
  const where = FULL ? {} : { exclude: ['tbody tr:nth-child(n+5)', '.node:nth-child(n+4)', '.node .task:nth-child(n+3)'] };
  const found = await page.evaluate(async ([where, only]) => {
    const result = await window.axe.run(where, { resultTypes: ['violations'], ...(only && { runOnly: only }) });
    return result.violations
      .filter((one) => one.impact === 'serious' || one.impact === 'critical')
      .map((one) => `${one.id} (${one.impact}): ${one.help}: ${one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`).join(' | ')}`);
  }, [{ include: ['html'], ...where }, rules]);
  assert.deepEqual(found, [], `what keeps people from using ${name}`);
}

async function shoot(page, name) {
  await page.screenshot({ path: join(SHOTS, `${name}.png`), animations: 'disabled', caret: 'hide' });
}

// Light, dark and narrow: seen, kept, and found good.
export async function inspect(page, name) {
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: 'light' });
  await shoot(page, `${name}-light`);
  await isUsable(page, `${name}, light`);
  await page.emulateMedia({ colorScheme: 'dark' });
  await shoot(page, `${name}-dark`);
  await isUsable(page, `${name}, dark`, ['color-contrast']);
  await page.setViewportSize(NARROW);
  await page.emulateMedia({ colorScheme: 'light' });
  await shoot(page, `${name}-narrow`);
  await fits(page, name);
}
