// Puts NAME.gz beside each NAME: `node pack.mjs FOLDER NAME...`. Without a time, so that equal files are packed equally.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const [folder, ...names] = process.argv.slice(2);
for (const name of names) {
  writeFileSync(join(folder, `${name}.gz`), gzipSync(readFileSync(join(folder, name)), { level: 9 }));
}
