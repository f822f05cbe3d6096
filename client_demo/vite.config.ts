import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds the server started by `offrecord serve --dev`. */
const SERVER = 'http://127.0.0.1:7880';

/** The names that assets keep for as long as they hold the same: the server lets browsers keep those for good. */
const HASH = '[hash:16]';

/** Puts `<file>.br` and `<file>.gz` beside what is text: the server sends them to whoever takes them. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle({ dir = '' }, bundle) {
      for (const file of Object.keys(bundle).filter((name) => /\.(?:js|css|html)$/u.test(name))) {
        const content = readFileSync(join(dir, file));
        const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
        writeFileSync(join(dir, `${file}.br`), brotliCompressSync(content, { params }));
        writeFileSync(join(dir, `${file}.gz`), gzipSync(content, { level: constants.Z_BEST_COMPRESSION }));
      }
    },
  };
}

export default defineConfig({
  plugins: [compressed()],
  base: './',
  build: {
    outDir: '../server/web',
    emptyOutDir: true,
    target: 'es2022',
    // The server's content security policy allows files of its own only, no data: addresses.
    assetsInlineLimit: 0,
    // Named in the page, so that nothing is found out late; older browsers do without.
    modulePreload: { polyfill: false },
    sourcemap: false,
    // The console's style and script are of the same tokens and checks; the server knows them by these names.
    rolldownOptions: {
      input: { index: 'index.html', rights: 'rights.html', console: 'src/console/console.ts' },
      output: {
        hashCharacters: 'hex',
        entryFileNames: (chunk) => (chunk.name === 'console' ? 'assets/console.js' : `assets/[name]-${HASH}.js`),
        chunkFileNames: `assets/[name]-${HASH}.js`,
        assetFileNames: (asset) =>
          asset.names.includes('console.css') ? 'assets/console.css' : `assets/[name]-${HASH}[extname]`,
      },
    },
    // livekit-client alone is larger than the default limit, and is needed before anything can be shown.
    chunkSizeWarningLimit: 900,
  },
  worker: { rolldownOptions: { output: { hashCharacters: 'hex', entryFileNames: `assets/[name]-${HASH}.js` } } },
  // Tests read the style sheets.
  test: { css: true },
  server: {
    proxy: {
      '/api': SERVER,
      '/guarantee': SERVER,
      '/.well-known': SERVER,
      '/rtc': { target: SERVER, ws: true },
    },
  },
});
