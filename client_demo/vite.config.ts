import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds the server started by `offrecord serve --dev`. */
const SERVER = 'http://127.0.0.1:7880';

export default defineConfig({
  base: './',
  build: {
    outDir: '../server/web',
    emptyOutDir: true,
    target: 'es2022',
    // The server's content security policy allows files of its own only, no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: false,
    sourcemap: false,
    // The console's style and script are of the same tokens and checks; the server knows them by these names.
    rolldownOptions: {
      input: { index: 'index.html', rights: 'rights.html', console: 'src/console/console.ts' },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'console' ? 'assets/console.js' : 'assets/[name]-[hash].js'),
        assetFileNames: (asset) =>
          asset.names.includes('console.css') ? 'assets/console.css' : 'assets/[name]-[hash][extname]',
      },
    },
    // livekit-client alone is larger than the default limit, and is needed before anything can be shown.
    chunkSizeWarningLimit: 900,
  },
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
