// Makes what the program serves: `node build.mjs [FOLDER]`, by default dist/.
import { build } from 'esbuild';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ? resolve(process.argv[2]) : join(here, 'dist');
const source = (name) => join(here, 'src', name);
const made = ['dashboard.js', 'visualizer.js', 'charts.js', 'style.css'];
const services = ['dashboard', 'visualizer'];
const written = [...services.map((name) => `${name}.html`), 'favicon.svg'];

mkdirSync(out, { recursive: true });
for (const name of [...made, ...written]) rmSync(join(out, name), { force: true });

await build({
  absWorkingDir: here,
  entryPoints: {
    dashboard: source('dashboard/main.tsx'),
    visualizer: source('visualizer/main.tsx'),
    charts: source('common/charts.ts'), // loaded once a chart is shown
    style: source('shell/style.css'),
  },
  outdir: out,
  bundle: true,
  format: 'esm',
  target: ['es2021'],
  minify: true,
  sourcemap: false,
  charset: 'utf8',
  legalComments: 'none',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  external: ['/assets/*'],
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
});
copyFileSync(source('shell/favicon.svg'), join(out, 'favicon.svg'));
const shell = readFileSync(source('shell/page.html'), 'utf8');
for (const name of services) writeFileSync(join(out, `${name}.html`), shell.replaceAll('%SERVICE%', name));
