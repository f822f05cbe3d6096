import { defineConfig } from 'vite';

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
    // livekit-client alone is larger than the default limit, and is needed before anything can be shown.
    chunkSizeWarningLimit: 900,
  },
  server: {
    proxy: {
      '/api': SERVER,
      '/guarantee': SERVER,
      '/.well-known': SERVER,
      '/rtc': { target: SERVER, ws: true },
    },
  },
});
